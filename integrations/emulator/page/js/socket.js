// The WebSocket of the page: reconnects by itself, and each connection begins with a snapshot.

const FIRST_PAUSE = 300;
const LONGEST_PAUSE = 5_000;

export class Socket {
  #socket = null;
  #pause = FIRST_PAUSE;

  /**
   * @param {string} path
   * @param {{onMessage: function(object): void, onOpen: function(): void, onClose: function(): void}} handlers
   */
  constructor(path, { onMessage, onOpen, onClose }) {
    this.url = new URL(path, location.href.replace(/^http/, "ws"));
    Object.assign(this, { onMessage, onOpen, onClose });
    this.#connect();
  }

  /**
   * Send a message.
   * @param {object} message
   * @returns {boolean} False when there is no connection.
   */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect() {
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#pause = FIRST_PAUSE;
      this.onOpen();
    };
    socket.onmessage = ({ data }) => this.onMessage(JSON.parse(data));
    socket.onclose = () => {
      this.onClose();
      setTimeout(() => this.#connect(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    };
  }
}
