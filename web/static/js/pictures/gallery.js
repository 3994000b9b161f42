// The gallery: loads further pages, and shows the progress of pictures in the making.

import "./loops.js";
import { fragment } from "../shared/http.js";
import { notice, word } from "../shared/words.js";
import { Pictures } from "./pictures.js";
import { ConnectionNotice } from "../shared/connection-notice.js";
import { Socket } from "../shared/socket.js";

const gallery = document.getElementById("gallery");
const connection = new ConnectionNotice();
const pictures = new Pictures(gallery);

if (pictures.making.length) {
  new Socket(gallery.dataset.socket, {
    onMessage: (message) => message.type === "picture" && pictures.apply(message),
    onOpen() {
      connection.back();
      pictures.refreshAll();
    },
    onClose: () => connection.lost(),
  });
}

gallery.addEventListener("click", async (event) => {
  const link = event.target.closest(".more a");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  link.setAttribute("aria-disabled", "true");
  const found = await fragment(link.href);
  if (!found) {
    link.removeAttribute("aria-disabled");
    return notice(word("failed"));
  }
  const first = found.querySelector(".picture-link");
  link.closest(".more").replaceWith(found);
  return first?.focus();
});
