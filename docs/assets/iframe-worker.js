// The site's search runs in a worker, which a page opened from a disk may not start: there it runs in a frame.
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.window = frame.contentWindow;
      this.window.importScripts = (...urls) =>
        Promise.all(urls.map((each) => new Promise((done, failed) => {
          const script = this.window.document.createElement("script");
          script.onload = done;
          script.onerror = failed;
          script.src = each;
          this.window.document.body.append(script);
        })));
      // A worker posts to the page that started it.
      this.window.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = this.window.document.createElement("script");
      this.ready = new Promise((done) => (script.onload = done));
      script.onerror = () => this.dispatchEvent(new Event("error"));
      script.src = url;
      this.window.document.body.append(script);
    }

    postMessage(data) {
      this.ready.then(() => this.window.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.window.frameElement.remove();
    }
  }
  window.IFrameWorker = IFrameWorker; // the search looks for this name, and finds its languages another way
  window.Worker = IFrameWorker;
}
