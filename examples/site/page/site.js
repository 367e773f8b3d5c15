const list = document.getElementById("list");
const socket = new io.Socket();

// All that was said lately comes with each connection.
socket.on("connect", () => list.replaceChildren());
socket.on("message", (text) => {
  list.appendChild(document.createElement("li")).textContent = text;
});
