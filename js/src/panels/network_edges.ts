// The lines between the boxes of a network: straight on, over to another column, or past boxes in a lane beside them.

export interface Spot {
  row: number;
  column: number;
}

/** Where the boxes are, in pixels. */
export interface Grid {
  width: number;
  height: number;
  left(column: number): number;
  top(row: number): number;
}

type Edge = readonly [from: number, to: number];

/** Pixels between lanes, from the boxes to the first one, and how many there are before they are used again. */
const [LANE, FIRST, LANES] = [7, 14, 7];
const ROUND = 7;

export interface Lanes {
  /** Of each edge that goes past boxes of its own column: its lane; of all others none. */
  of: ReadonlyMap<Edge, number>;
  /** The pixels that they take beside a column. */
  width: number;
}

/** Gives the edges that pass boxes of their column lanes, the short ones near to the boxes. */
export function lanesOf(spots: readonly Spot[], edges: readonly Edge[]): Lanes {
  const of = new Map<Edge, number>();
  const taken = new Map<number, [from: number, to: number][][]>();
  const length = ([from, to]: Edge) => (spots[to]?.row ?? 0) - (spots[from]?.row ?? 0);
  let most = 0;
  for (const edge of [...edges].sort((one, other) => length(one) - length(other))) {
    const [from, to] = [spots[edge[0]], spots[edge[1]]];
    if (!from || !to || route(spots, from, to) !== "lane") continue;
    const lanes = taken.get(from.column) ?? [];
    taken.set(from.column, lanes);
    const isFree = (lane: [number, number][]) => lane.every(([first, last]) => last <= from.row || first >= to.row);
    const free = lanes.findIndex(isFree);
    const lane = free < 0 ? lanes.push([]) - 1 : free;
    lanes[lane]?.push([from.row, to.row]);
    of.set(edge, lane % LANES);
    most = Math.max(most, Math.min(LANES, lane + 1));
  }
  return { of, width: most ? FIRST + most * LANE : 0 };
}

/** "own" and "other" are the column that is gone along where the edge is longer than a row. */
function route(spots: readonly Spot[], from: Spot, to: Spot): "own" | "other" | "lane" {
  const isFree = (column: number) => !spots.some((spot) => spot.column === column && spot.row > from.row && spot.row < to.row);
  return isFree(from.column) ? "own" : from.column !== to.column && isFree(to.column) ? "other" : "lane";
}

/** The way of an edge as an SVG path. */
export function wayOf(edge: Edge, spots: readonly Spot[], lanes: Lanes, grid: Grid): string {
  const [from, to] = [spots[edge[0]], spots[edge[1]]];
  if (!from || !to) return "";
  const middle = grid.width / 2;
  const [x, next] = [grid.left(from.column) + middle, grid.left(to.column) + middle];
  const [bottom, top] = [grid.top(from.row) + grid.height, grid.top(to.row)];
  const lane = lanes.of.get(edge);
  if (lane !== undefined) {
    const side = grid.left(from.column) + grid.width;
    const beside = side + FIRST + lane * LANE;
    const out = grid.top(from.row) + 0.7 * grid.height;
    const start = `M${side} ${out}H${beside - ROUND}q${ROUND} 0 ${ROUND} ${ROUND}`;
    const into = top + 0.3 * grid.height;
    if (from.column === to.column) return `${start}V${into - ROUND}q0 ${ROUND} ${-ROUND} ${ROUND}H${side}`;
    const above = top - gap(grid);
    return `${start}V${above}${bend(beside, above, next, top)}`;
  }
  if (x === next) return `M${x} ${bottom}V${top}`;
  if (route(spots, from, to) === "own") return `M${x} ${bottom}V${top - gap(grid)}${bend(x, top - gap(grid), next, top)}`;
  return `M${x} ${bottom}${bend(x, bottom, next, bottom + gap(grid))}V${top}`;
}

const gap = (grid: Grid) => grid.top(1) - grid.top(0) - grid.height;

/** Down, sideways and down again, with round corners. */
function bend(x: number, y: number, toX: number, toY: number): string {
  const [middle, side] = [(y + toY) / 2, Math.sign(toX - x)];
  const round = Math.min(ROUND, Math.abs(toX - x) / 2, (toY - y) / 2);
  return `V${middle - round}Q${x} ${middle} ${x + side * round} ${middle}H${toX - side * round}Q${toX} ${middle} ${toX} ${middle + round}V${toY}`;
}
