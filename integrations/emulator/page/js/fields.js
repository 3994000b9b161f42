// What the fields of webhooks and calls mean, in one line each.

/** By name; where one name means two things, `parent.name` goes first. */
export const FIELDS = {
  // The envelope of webhooks
  object: "Which product this is about: WhatsApp, a Page, or Instagram.",
  entry: "One delivery may hold several.",
  changes: "What happened, each with the field that was subscribed to.",
  field: "The subscribed field that this belongs to.",
  value: "The event itself.",
  messaging: "Events of chats.",
  standby: "Events of chats that another app answers; only to be read.",
  time: "When the delivery was made, in milliseconds.",
  "entry.id": "The account: a WhatsApp business account, a Page, or an Instagram account.",
  messaging_product: "Always “whatsapp”.",
  metadata: "Which of our numbers this reached; on Messenger, words of ours that come back in the echo.",
  display_phone_number: "Our number, as people read it.",
  phone_number_id: "Our number, as the API names it.",
  // People
  contacts: "Who wrote, or the cards that were sent.",
  profile: "What the person shows of themselves.",
  username: "The user name, where the person has one.",
  wa_id: "The person's phone number, as WhatsApp knows it; absent where it is hidden.",
  user_id: "The person's id for this business. It stays when the number is hidden.",
  from: "The phone number of who wrote; absent where it is hidden.",
  from_user_id: "The id of who wrote.",
  sender: "Who did this: the person, or the Page itself in an echo.",
  "sender.id": "The person's id for this Page or account only.",
  recipient: "Whom it reached, or whom it goes to.",
  recipient_id: "Whom our message went to.",
  recipient_user_id: "Whom our message went to, by their id.",
  recipient_type: "One person, or a group.",
  to: "Whom it goes to: a phone number.",
  input: "The recipient as we wrote it.",
  // Groups
  groups: "What happened in groups.",
  group_id: "The group that this belongs to.",
  request_id: "Our call that this comes of.",
  subject: "What the group is called.",
  invite_link: "By which people come in; nobody can be added.",
  join_approval_mode: "Whether we let people in one by one.",
  join_requests: "Who is let in, or not.",
  join_request_id: "Somebody who asks to come in.",
  added_participants: "Who came in.",
  removed_participants: "Who is out.",
  failed_participants: "Who could not be removed.",
  initiated_by: "Whether we removed them, or they left.",
  group_subject: "The new subject, and whether it was taken.",
  group_description: "The new description, and whether it was taken.",
  profile_picture: "The new picture, and whether it was taken.",
  update_successful: "Whether it was taken.",
  participants: "People of the group.",
  recipient_participant_id: "Which of its people this is about: the phone number, where it is known.",
  recipient_participant_user_id: "Which of its people this is about, by their id.",
  // Messages
  messages: "Messages of people; in an answer, the id of what was sent.",
  message: "The message; in an error, what went wrong.",
  "messages.id": "The id of this message. Deliveries repeat, so it is stored once.",
  mid: "The id of this message. Deliveries repeat, so it is stored once.",
  message_id: "The id of the message that is meant.",
  timestamp: "When it happened: seconds as text on WhatsApp, milliseconds on the others.",
  type: "What kind it is.",
  text: "The words.",
  "text.body": "The words, with WhatsApp's own marks for bold and the like.",
  body: "The words.",
  preview_url: "Whether the first address gets a preview.",
  caption: "Words under a picture, video or document.",
  context: "The message that this one replies to.",
  reply_to: "The message that this one replies to.",
  attachments: "Files, each with a type and where to fetch it.",
  attachment: "A file, or a template with buttons or cards.",
  attachment_id: "A file that was uploaded before.",
  is_reusable: "Whether the file gets an id to be sent again.",
  mime_type: "The kind of file, as it was claimed.",
  sha256: "The checksum of the file.",
  voice: "Recorded in the chat, not a file.",
  animated: "Whether the sticker moves.",
  file_size: "Its size in bytes.",
  url: "Where it can be fetched; on WhatsApp with the token, and only for five minutes.",
  link: "Where the platform fetches the file from us.",
  sticker_id: "Which sticker it is.",
  reaction: "An emoji on a message; none when it was taken back.",
  emoji: "The emoji; absent or empty when it was taken back.",
  action: "What to offer, or what was done.",
  interactive: "Buttons or a list, or what was tapped on one.",
  button_reply: "The button that was tapped.",
  list_reply: "The row of the list that was chosen.",
  buttons: "Up to three.",
  reply: "A button: what stands on it, and what comes back.",
  sections: "Groups of rows of a list.",
  rows: "Up to ten in all.",
  title: "What stands on it.",
  description: "The small words below.",
  quick_reply: "The quick reply that was tapped.",
  quick_replies: "Offers over the keyboard, gone after the next message.",
  postback: "A tap on a button, an ice breaker, the menu, or “Get started”.",
  payload: "What was set on the button; it comes back unchanged.",
  referral: "By which link the person came.",
  ref: "The words of ours in that link.",
  is_echo: "A message of the Page itself comes back. It must never be answered.",
  is_deleted: "The person has unsent it; our copy has to go.",
  app_id: "Which app sent it.",
  message_edit: "The person has changed a message.",
  num_edit: "How often it was changed.",
  revoke: "The person has deleted a message for everyone.",
  edit: "The person has changed a message.",
  original_message_id: "Which message was changed or deleted.",
  response_feedback: "Thumbs under an answer.",
  feedback: "Thumbs up or down.",
  unsupported: "A kind that the API does not carry.",
  location: "A place.",
  // What becomes of ours
  statuses: "What became of a message of ours.",
  status: "sent, delivered, read, played or failed; in a call, a read mark.",
  pricing: "How Meta would charge it.",
  biz_opaque_callback_data: "Words of ours that come back with each status.",
  delivery: "Messages of ours that have arrived.",
  read: "The person has read all until then.",
  watermark: "All before this time.",
  mids: "Which messages.",
  // Calls
  typing_indicator: "Shows the typing mark, for up to 25 seconds.",
  sender_action: "A typing mark or a read mark, without a message.",
  messaging_type: "RESPONSE answers somebody who has written.",
  template_type: "Buttons, cards, or one picture or video.",
  elements: "The cards.",
  success: "It was done.",
  id: "The id that the platform gave it.",
  // Errors
  error: "It was refused.",
  errors: "What went wrong.",
  code: "The number of the error; what to do follows from it.",
  error_subcode: "Which of the cases of that error.",
  error_data: "More about it.",
  details: "What went wrong, for developers.",
  fbtrace_id: "What Meta's support asks for.",
  // Under posts
  item: "A comment, a post, or something else.",
  verb: "add, edited, remove, hide.",
  post_id: "Under which post.",
  comment_id: "Which comment.",
  parent_id: "What it was written under.",
  media: "The post, on Instagram.",
};

/** By lower-case name. */
export const HEADERS = {
  "x-hub-signature-256": "Made of the body and the app's secret: who does not know the secret cannot make it.",
  authorization: "The token. It is hidden here.",
  "content-type": "How the body is written.",
};

/**
 * @param {string[]} path The names that lead to a field, without places in lists.
 * @returns {string} What it means, or "".
 */
export function meaning(path) {
  const [parent, name] = path.slice(-2).length === 2 ? path.slice(-2) : ["", path.at(-1)];
  return FIELDS[`${parent}.${name}`] ?? FIELDS[name] ?? "";
}

const CALLS = [
  [/"typing_indicator"/, "The assistant marks a message as read and shows that it types."],
  [/"status":\s*"read"/, "The assistant marks a message as read."],
  [/"sender_action":\s*"typing_on"/, "The assistant shows that it types."],
  [/"sender_action":\s*"mark_seen"/, "The assistant marks the chat as read."],
  [/"sender_action":\s*"(?:un)?react"/, "The assistant reacts to a message."],
  [/"type":\s*"reaction"/, "The assistant reacts to a message."],
];
const PATHS = [
  [/\/messages$/, "The assistant sends a message."],
  [/\/(media|message_attachments)$/, "The assistant uploads a file."],
  [/\/(comments|replies)$/, "The assistant answers under a post."],
  [/\/messenger_profile$/, "The assistant sets its menu and greeting."],
];
const EVENTS = [
  [/"statuses"/, "What became of a message of the assistant."],
  [/"is_echo"/, "A message of the assistant comes back as an echo."],
  [/"response_feedback"/, "Thumbs under an answer."],
  [/"reaction"/, "A person reacts to a message."],
  [/"(?:message_edit|edit)":/, "A person has changed a message."],
  [/"is_deleted"|"revoke"/, "A person has deleted a message."],
  [/"delivery"/, "A message of the assistant has arrived."],
  [/"watermark"|"read":/, "The person has read what was sent."],
  [/"postback"|"button_reply"|"list_reply"|"quick_reply"/, "A person has tapped something."],
  [/"field":\s*"(?:feed|comments|mentions?)"/, "Somebody has written under a post."],
];

/** @returns {string} What an exchange is about, in one line. */
export function explain({ direction, method, url, request }) {
  const fits = ([pattern]) => pattern.test(request);
  if (direction === "webhook") return EVENTS.find(fits)?.[1] ?? "A person has written; the app tells the assistant.";
  const path = url.split("?")[0];
  if (method === "GET") return /\/media|\/emulator|download|blob/.test(path) ? "The assistant fetches a file." : "The assistant asks about something, as where a file lies.";
  return CALLS.find(fits)?.[1] ?? PATHS.find(([pattern]) => pattern.test(path))?.[1] ?? "The assistant calls the API.";
}
