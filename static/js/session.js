/**
 * One conversation over one connection: commands out, updates in, repaired after every interruption.
 * It knows no document.
 *
 * Events: "change" (the transcript or what is being sent), "accepted" (detail: {command, update}),
 * "refused" (detail: {command, update}), "gone" (the conversation is not there any more),
 * "conversation" (detail: a ConversationChanged, of any conversation), "ready".
 *
 * @typedef {import("./transcript.js").Transcript} Transcript
 * @typedef {import("./tree.js").Message} Message
 * @typedef {import("./storage.js").Keyed} Keyed
 * @typedef {(conversation: string) => Promise<{messages: Message[]} | null>} Read  the conversation over HTTP
 */
import { encode, FRAME_LIMIT } from "./protocol.js";
import { apply, cursors, liveMessage, reloaded, stopping } from "./transcript.js";
import { isLive } from "./tree.js";

const READ_AGAIN_AFTER = 1_000;

export class Session extends EventTarget {
  #connection;
  #outbox;
  #read;
  #transcript;
  #reading = false;
  /** @type {import("./protocol.js").Options} of a conversation that begins here */
  options = {};

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {import("./storage.js").Outbox} outbox
   * @param {Transcript} transcript
   * @param {Read} read
   */
  constructor(connection, outbox, transcript, read) {
    super();
    this.#connection = connection;
    this.#outbox = outbox;
    this.#transcript = transcript;
    this.#read = read;
  }

  get transcript() {
    return this.#transcript;
  }

  /** What was sent in this conversation but is not accepted yet. */
  get sending() {
    return this.#outbox.commands.filter((command) => this.#isHere(command));
  }

  start() {
    this.#connection.addEventListener("update", this.#received);
    this.#connection.start();
  }

  stop() {
    this.#connection.removeEventListener("update", this.#received);
    this.#connection.stop();
  }

  /**
   * @param {string} text
   * @param {string | undefined} model
   * @param {string[]} [attachments]
   * @returns {boolean} false where no server would take a frame that large
   */
  send(text, model, attachments = []) {
    const key = crypto.randomUUID();
    const { conversation } = this.#transcript;
    /** @type {import("./protocol.js").Send} */
    const command = { type: "send", ref: key, key, text };
    if (conversation) command.conversation = conversation;
    if (conversation && this.#transcript.head) command.parent = this.#transcript.head;
    if (attachments.length) command.attachments = attachments;
    if (model) command.model = model;
    if (!conversation && Object.keys(this.options).length) command.options = this.options;
    if (new TextEncoder().encode(encode(command)).byteLength > FRAME_LIMIT) return false;
    this.#keep(command);
    return true;
  }

  /** @param {string} message an answer @param {string | undefined} model */
  regenerate(message, model) {
    const key = crypto.randomUUID();
    this.#keep({ type: "regenerate", ref: key, key, message, ...(model ? { model } : {}) });
  }

  /** @param {string} message an answer that was cut off: it grows */
  continueAnswer(message) {
    const key = crypto.randomUUID();
    this.#keep({ type: "continue", ref: key, key, message });
  }

  /** Stops the answer that is being written, if one is. */
  stopAnswer() {
    const message = liveMessage(this.#transcript);
    if (!message) return;
    this.#become(stopping(this.#transcript, message.uuid));
    this.#connection.send({ type: "stop", ref: "stop", message: message.uuid });
  }

  /** @param {Keyed} command */
  #keep(command) {
    this.#outbox.add(command);
    this.#connection.send(command);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Keyed} command */
  #isHere(command) {
    if (command.type !== "send") return this.#transcript.messages.has(command.message);
    return (command.conversation ?? null) === this.#transcript.conversation;
  }

  /** @param {Event} event */
  #received = (event) => {
    const update = /** @type {CustomEvent<import("./protocol.js").Update>} */ (event).detail;
    switch (update.type) {
      case "ready":
        return this.#ready();
      case "conversation":
        this.#numbered(update);
        return void this.dispatchEvent(new CustomEvent("conversation", { detail: update }));
      case "refused":
        return this.#refused(update);
      case "accepted":
        return this.#accepted(update);
      default:
        return this.#numbered(update);
    }
  };

  /** Nothing is known of what happened meanwhile: ask for all that this tab has not seen. */
  #ready() {
    this.#follow();
    for (const command of this.#outbox.commands) this.#connection.send(command);
    const live = liveMessage(this.#transcript);
    if (live?.stopping) this.#connection.send({ type: "stop", ref: "stop", message: live.uuid });
    this.dispatchEvent(new Event("ready"));
  }

  #follow() {
    const { conversation } = this.#transcript;
    if (!conversation) return;
    this.#connection.send({
      type: "follow",
      ref: "follow",
      conversation,
      cursors: cursors(this.#transcript),
    });
  }

  /** @param {import("./protocol.js").Accepted} update */
  #accepted(update) {
    const command = this.#outbox.take(update.key);
    const here = command ? this.#isHere(command) : false;
    if (!here && update.conversation !== this.#transcript.conversation) return;
    this.#take(update);
    if (command) this.dispatchEvent(new CustomEvent("accepted", { detail: { command, update } }));
  }

  /** @param {import("./protocol.js").Refused} update */
  #refused(update) {
    if (update.ref === "follow" && update.code === "not_found") this.dispatchEvent(new Event("gone"));
    const command = update.ref ? this.#outbox.take(update.ref) : undefined;
    if (!command && update.retry_after) this.#connection.holdOff(update.retry_after);
    if (command) this.dispatchEvent(new CustomEvent("refused", { detail: { command, update } }));
    if (command) this.dispatchEvent(new Event("change"));
  }

  /** @param {import("./protocol.js").Update} update */
  #numbered(update) {
    if ("conversation" in update && update.conversation === this.#transcript.conversation) this.#take(update);
  }

  /** @param {import("./protocol.js").Update} update */
  #take(update) {
    const { transcript, effects } = apply(this.#transcript, update);
    this.#become(transcript);
    for (const effect of effects) {
      if (effect.kind === "follow") this.#follow();
      else void this.#reload(update.type === "following" ? update.newest : null);
    }
  }

  /** @param {Transcript} transcript */
  #become(transcript) {
    if (transcript === this.#transcript) return;
    this.#transcript = transcript;
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Messages that were never announced here are read over HTTP, and followed from where that ends.
   * @param {string | null} newest
   */
  async #reload(newest) {
    const { conversation } = this.#transcript;
    if (!conversation || this.#reading) return;
    this.#reading = true;
    const whole = await this.#read(conversation);
    if (whole) this.#become(reloaded(this.#transcript, whole.messages));
    const complete = whole?.messages.some((message) => newest === null || message.uuid === newest);
    setTimeout(
      () => {
        this.#reading = false;
        this.#follow();
      },
      complete ? 0 : READ_AGAIN_AFTER,
    );
  }
}

/**
 * A message as the HTTP API and the page's own data give it.
 * @param {any} item
 * @returns {Message}
 */
export function fromServer(item) {
  const { id, uuid, parent, role, text, reasoning, attachments } = item;
  const { status, created_at, generation, siblings, pinned } = item;
  return {
    uuid: uuid ?? id,
    parent,
    role,
    text,
    reasoning,
    attachments,
    status,
    created_at,
    generation,
    siblings: siblings ?? null,
    pinned: pinned ?? false,
  };
}

/** @param {Transcript} transcript */
export function isAnswering(transcript) {
  const live = liveMessage(transcript);
  return live !== null && isLive(live.status);
}
