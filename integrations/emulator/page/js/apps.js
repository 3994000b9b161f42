// What each app lets its people do, as far as a bot meets it.

/**
 * name: as people call it; written: whether it formats `*bold*` and its like; captions: words under media;
 * attach: what its menu offers; reactions: those at hand; marks: how it shows that a message was read;
 * like: what its button sends when nothing is typed; thumbs: whether answers can be judged.
 */
export const APPS = {
  whatsapp: {
    name: "WhatsApp",
    placeholder: "Message",
    written: true,
    captions: true,
    attach: ["picture", "document", "audio", "sticker", "place", "contact"],
    reactions: ["👍", "❤️", "😂", "😮", "😢", "🙏"],
    marks: "ticks",
    like: null,
    thumbs: false,
  },
  messenger: {
    name: "Messenger",
    placeholder: "Aa",
    written: false,
    captions: false,
    attach: ["picture", "document", "audio", "sticker", "place"],
    reactions: ["❤️", "😆", "😮", "😢", "😠", "👍"],
    marks: "circles",
    like: { icon: "up", label: "Send a thumbs-up", text: "👍" },
    thumbs: true,
  },
  instagram: {
    name: "Instagram",
    placeholder: "Message…",
    written: false,
    captions: false,
    attach: ["picture", "audio", "sticker"],
    reactions: ["❤️", "😂", "😮", "😢", "😡", "👍"],
    marks: "seen",
    like: { icon: "heart", label: "Send a heart", text: "❤️" },
    thumbs: false,
  },
};
