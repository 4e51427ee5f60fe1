"""The rows of the soak, by the name of the module that has `TIMES`, how often, and `run`."""

LENGTHS = ("short", "middle", "long")
"""In all about 2 minutes, for `make test`; 10 minutes, `make soak`; and an hour or more, `make soak SOAK=long`."""

ROWS = {
    "messages": "hostile messages to the widgets, while they compile, run and rest, and the memory over those",
    "storms": "storms of moves from four threads, over all layers and methods",
    "opened": "explorers that are opened and closed, dropped, or left by their page",
    "linked": "two linked explorers, moved from two threads",
    "interrupts": "SIGINT at random moments of setters, wait(), fit, opening and saving",
    "endings": "exit, restart, shutdown and interruption of a kernel, while compiling and running",
    "classroom": "30 explorers in one process, each moved every second",
    "page": "the page: two views, hidden, asleep, on a slow link",
    "determinism": "the same descriptions in two processes, by other doors and after other work",
    "corruptions": "damaged and hostile files of histories, models and atlases",
    "full_disk": "full disks, folders that cannot be written, names that are too long",
    "out_of_memory": "too little memory, as `ulimit -v` leaves",
}
