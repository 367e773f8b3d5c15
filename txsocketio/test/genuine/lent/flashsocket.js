// What the Flash plugin lent to flashsocket: a movie that opens a socket for the page.
// Here it is the browser's own WebSocket; that it comes to the same URL is all that the
// server sees of it.
if (window === window.top) {
  const plugin = { description: "Shockwave Flash 10.0 r0" };
  const plugins = { "Shockwave Flash": plugin };
  Object.defineProperty(Navigator.prototype, "plugins", { get: () => plugins });
  Object.assign(WebSocket, {
    __tasks: [],
    __initialize: () => {},
    __addTask: (task) => task(),
    loadFlashPolicyFile: () => {},
  });
}
