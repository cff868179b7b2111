/**
 * What one conversation is, as far as this tab knows: a pure reducer of updates. Old updates change
 * nothing, an update past a gap is not shown but answered with the effect "follow" (R5), so that
 * shuffled, doubled and dropped frames end in the same transcript as a calm connection.
 *
 * @typedef {import("./tree.js").Message} Message
 * @typedef {import("./tree.js").Generation} Generation
 * @import { Accepted, Finished, Following, GenerationUpdate } from "./protocol.js"
 * @import { Notice, Restarted, Snapshot, Update } from "./protocol.js"
 * @typedef {Message & {generation: Generation}} Answer
 * @typedef {{conversation: string | null, newest: string | null, head: string | null, top: string | null,
 *   messages: ReadonlyMap<string, Message>, healing: boolean}} Transcript
 *   head: the last message of the branch that is shown; top: the one above the first that the page was given
 * @typedef {{kind: "follow"} | {kind: "reload"}} Effect
 * @typedef {{transcript: Transcript, effects: Effect[]}} Step
 */
import { gettext } from "./i18n.js";
import { add, arrange, isBelow, isLive, isRooted, lacks, pinned, upwards } from "./tree.js";
import { extended, isPart } from "./notes.js";
import { answer, question } from "./turn.js";

/**
 * @param {string | null} conversation
 * @param {Message[]} thread the branch that is shown, first message first
 * @param {string | null} [newest]
 * @returns {Transcript}
 */
export function open(conversation, thread, newest) {
  const head = thread.at(-1)?.uuid ?? null;
  return {
    conversation,
    head,
    top: thread[0]?.parent ?? null,
    newest: newest ?? head,
    messages: new Map(thread.map((message) => [message.uuid, message])),
    healing: false,
  };
}

/** The messages from the first to the head of the branch that is shown. @param {Transcript} transcript */
export function thread(transcript) {
  return [...upwards(transcript.messages, transcript.head)].reverse();
}

/** The answer that is being written, wherever it is. @param {Transcript} transcript */
export function liveMessage(transcript) {
  for (const message of transcript.messages.values()) if (isLive(message.status)) return message;
  return null;
}

/**
 * What `follow` says this tab has seen: of the generations that it does not know the end of, and of those
 * that can be continued, since that makes no new message by which it would be told.
 * @param {Transcript} transcript
 */
export function cursors(transcript) {
  /** @type {Record<string, number>} */
  const seen = {};
  for (const { status, generation } of transcript.messages.values()) {
    if (!generation) continue;
    if (isLive(status) || generation.actions?.includes("continue")) seen[generation.id] = generation.seq;
  }
  return seen;
}

/**
 * The whole conversation, read again over HTTP. What this tab already has further than that stays.
 * @param {Transcript} transcript
 * @param {Message[]} messages of all branches, in their order
 * @returns {Transcript}
 */
export function reloaded(transcript, messages) {
  const known = new Map(messages.map((message) => [message.uuid, message]));
  const { head, newest: before } = transcript;
  const newest = before === null || known.has(before) ? (messages.at(-1)?.uuid ?? before) : before;
  for (const mine of transcript.messages.values()) {
    const read = known.get(mine.uuid);
    if (!read || isFurther(mine, read)) known.set(mine.uuid, mine);
  }
  arrange(known);
  // Whoever looks at the newest message goes on with it, whoever looks at an older branch stays there.
  const goesOn = head === null || head === before || isBelow(known, newest, head);
  return { ...transcript, messages: known, newest, head: goesOn ? newest : head };
}

/** @param {Message} mine @param {Message} read */
function isFurther(mine, read) {
  if (mine.generation?.id !== read.generation?.id) return false;
  return (mine.generation?.seq ?? 0) > (read.generation?.seq ?? 0);
}

/** @param {Transcript} transcript @param {Update} update of this conversation @returns {Step} */
export function apply(transcript, update) {
  switch (update.type) {
    case "following":
      return following(transcript, update);
    case "accepted":
      return accepted(transcript, update);
    case "started":
    case "delta":
    case "notice":
    case "restarted":
    case "retracted":
    case "finished":
    case "passed":
      return numbered(transcript, update);
    case "snapshot":
      return snapshot(transcript, update);
    case "conversation":
      if (!update.pins) return { transcript, effects: [] };
      return { transcript: { ...transcript, messages: pinned(transcript.messages, update.pins) }, effects: [] };
    default:
      return { transcript, effects: [] };
  }
}

/** @param {Transcript} transcript @param {Following} update @returns {Step} */
function following(transcript, update) {
  const known =
    isRooted(transcript.messages, update.newest, transcript.top) && update.live.every((live) => knows(transcript, live));
  return { transcript: { ...transcript, healing: false }, effects: known ? [] : [{ kind: "reload" }] };
}

/** @param {Transcript} transcript @param {{message: string, generation: string}} live */
function knows(transcript, live) {
  return transcript.messages.get(live.message)?.generation?.id === live.generation;
}

/** @param {Transcript} transcript @param {Accepted} update @returns {Step} */
function accepted(transcript, update) {
  const { messages, head } = transcript;
  if (messages.get(update.assistant_message)?.generation?.id === update.generation)
    return { transcript, effects: [] };
  // What came between was never announced here.
  if (!isRooted(messages, update.parent, transcript.top)) return { transcript, effects: [{ kind: "reload" }] };
  const known = new Map(messages);
  if (update.user_message) add(known, question(update, update.user_message));
  add(known, answer(update, messages.get(update.assistant_message)));
  const next = {
    ...transcript,
    conversation: update.conversation,
    messages: known,
    newest: update.assistant_message,
    // An answer that goes on stays where it is; a new one is shown where what it answers is shown.
    head:
      !messages.has(update.assistant_message) && showsParent(transcript, update)
        ? update.assistant_message
        : head,
  };
  // Beside it stand versions that only the server knows.
  const isAlone = messages.has(update.assistant_message) || !lacks(messages, update.parent);
  return { transcript: next, effects: isAlone ? [] : [{ kind: "reload" }] };
}

/**
 * A new answer belongs to the branch shown when what it answers is part of it.
 * @param {Transcript} transcript
 * @param {Accepted} update
 */
function showsParent(transcript, update) {
  return update.parent === null || thread(transcript).some((message) => message.uuid === update.parent);
}

/**
 * @param {Transcript} transcript
 * @param {Exclude<GenerationUpdate, {type: "snapshot"}>} update
 * @returns {Step}
 */
function numbered(transcript, update) {
  const message = transcript.messages.get(update.message);
  if (!message) return lost(transcript);
  const { generation } = message;
  if (generation?.id !== update.generation || update.seq <= generation.seq)
    return { transcript, effects: [] };
  const closes = update.type === "finished" && message.ending;
  if (update.seq > generation.seq + 1 && !closes) return lost(transcript);
  const next = { ...message, generation: { ...generation, seq: update.seq } };
  return { transcript: replaced(transcript, change(next, update)), effects: [] };
}

/**
 * One `follow` repairs a gap, and tells of messages that were never announced here; more of them
 * while it is under way would only multiply frames.
 * @param {Transcript} transcript
 * @returns {Step}
 */
function lost(transcript) {
  if (transcript.healing) return { transcript, effects: [] };
  return { transcript: { ...transcript, healing: true }, effects: [{ kind: "follow" }] };
}

/**
 * @param {Answer} message
 * @param {Exclude<GenerationUpdate, {type: "snapshot"}>} update the next one
 * @returns {Message}
 */
function change(message, update) {
  switch (update.type) {
    case "started":
      return {
        ...message,
        status: "streaming",
        generation: { ...message.generation, model: update.model, attempt: update.attempt },
      };
    case "delta":
      return {
        ...message,
        status: "streaming",
        notice: null,
        [update.kind]: message[update.kind] + update.text,
      };
    case "notice":
      return noticed(message, update);
    case "restarted":
      return restarted(message, update);
    case "retracted":
      return { ...message, text: update.text, reasoning: "", generation: without(message.generation) };
    case "finished":
      return finished(message, update);
    case "passed":
      return message;
  }
}

/** @param {Answer} message @param {Restarted} update @returns {Message} */
function restarted(message, update) {
  const notice = { code: "restarted", detail: gettext("The answer broke off. It is being written again…") };
  return {
    ...message,
    text: "",
    reasoning: "",
    notice,
    generation: { ...without(message.generation), attempt: update.attempt },
  };
}

/** What was said so far is void, and with it what belonged to it. @param {Generation} generation */
function without(generation) {
  return { ...generation, parts: null };
}

/** @param {Answer} message @param {Notice} update @returns {Message} */
function noticed(message, update) {
  if (isPart(update))
    return { ...message, generation: { ...message.generation, parts: extended(message.generation.parts, update) } };
  if (update.code === "unread") return { ...message, unread: update.detail };
  if (update.code === "trimmed") return { ...message, left_out: update.detail };
  if (!["waiting", "retrying", "slow"].includes(update.code)) return message;
  return { ...message, notice: { code: update.code, detail: update.detail } };
}

/** @param {Answer} message @param {Finished} update @returns {Message} */
function finished(message, update) {
  const { status, stop_reason, error, usage, timings, actions, note, parts = null, context = null } = update;
  const outcome = { status, stop_reason, error, usage, timings, actions, note, parts, context };
  const generation = { ...message.generation, ...outcome };
  // Pictures of the answer; whoever wrote this server before pictures says nothing of them.
  const attachments = update.attachments ?? message.attachments;
  return { ...message, status, generation, attachments, notice: null, stopping: false, ending: false };
}

/** @param {Transcript} transcript @param {Snapshot} update @returns {Step} */
function snapshot(transcript, update) {
  const message = transcript.messages.get(update.message);
  if (!message) return lost(transcript);
  if (message.generation?.id !== update.generation) return { transcript, effects: [] };
  const ending = !isLive(update.status);
  const next = {
    ...message,
    text: update.text,
    reasoning: update.reasoning,
    // The `finished` that follows tells how it ended; it may be numbered as the snapshot is.
    status: ending ? message.status : update.status,
    ending,
    generation: { ...message.generation, seq: ending ? update.seq - 1 : update.seq },
  };
  return { transcript: replaced(transcript, next), effects: [] };
}

/**
 * A stop that was asked for but not confirmed yet.
 * @param {Transcript} transcript
 * @param {string} uuid
 * @returns {Transcript}
 */
export function stopping(transcript, uuid) {
  const message = transcript.messages.get(uuid);
  return message && isLive(message.status)
    ? replaced(transcript, { ...message, stopping: true })
    : transcript;
}

/** @param {Transcript} transcript @param {Message} message @returns {Transcript} */
function replaced(transcript, message) {
  return { ...transcript, messages: new Map(transcript.messages).set(message.uuid, message) };
}
