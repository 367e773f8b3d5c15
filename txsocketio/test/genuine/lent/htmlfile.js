// What Internet Explorer lent to htmlfile: a document of its own, which keeps the
// frame that never ends loading away from the page.
if (window === window.top) {
  window.attachEvent = (name, listener) => window.addEventListener(name.slice(2), listener);
  window.CollectGarbage = () => {};
  window.ActiveXObject = function ActiveXObject(name) {
    if (name !== "htmlfile") throw new Error(`there is no ${name}`);
    const frame = document.documentElement.appendChild(document.createElement("iframe"));
    frame.style.display = "none";
    const page = frame.contentDocument;
    page.parentWindow = frame.contentWindow;
    return page;
  };
}
