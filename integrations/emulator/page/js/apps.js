// What each app lets its people do, as far as a bot meets it.

/**
 * name: as people call it; written: whether it formats `*bold*` and its like; captions: words under media;
 * attach: what its menu offers; reactions: those at hand; marks: how it shows that a message was read;
 * photos: the types of pictures that it sends, others become JPEG, and their longest side; videos: the types that it takes
 * as videos, others go as documents; like: the sticker that its button sends when nothing is typed; thumbs: whether answers can be judged;
 * groups: whether a bot may be in groups there.
 */
export const APPS = {
  whatsapp: {
    name: "WhatsApp",
    placeholder: "Message",
    written: true,
    captions: true,
    photos: { types: ["image/jpeg", "image/png"], side: 1600 },
    videos: ["video/mp4", "video/3gpp"],
    attach: ["picture", "document", "audio", "sticker", "place", "contact"],
    reactions: ["👍", "❤️", "😂", "😮", "😢", "🙏"],
    marks: "ticks",
    like: null,
    thumbs: false,
    groups: true,
  },
  messenger: {
    name: "Messenger",
    placeholder: "Aa",
    written: false,
    captions: false,
    photos: { types: ["image/jpeg", "image/png", "image/gif"], side: 2048 },
    videos: null,
    attach: ["picture", "document", "audio", "sticker", "place"],
    reactions: ["❤️", "😆", "😮", "😢", "😠", "👍"],
    marks: "words",
    like: { icon: "up", label: "Send a thumbs-up", emoji: "👍" },
    thumbs: true,
  },
  instagram: {
    name: "Instagram",
    placeholder: "Message…",
    written: false,
    captions: false,
    photos: { types: ["image/jpeg", "image/png", "image/gif"], side: 2048 },
    videos: null,
    attach: ["picture", "audio", "sticker"],
    reactions: ["❤️", "😂", "😮", "😢", "😡", "👍"],
    marks: "words",
    like: { icon: "heart", label: "Send a heart", emoji: "❤️" },
    thumbs: false,
  },
};
