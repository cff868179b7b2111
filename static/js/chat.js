/** The chat page: the parts of it, and how they hear of each other. */
import { Announcer } from "./announcer.js";
import { Choosing } from "./choosing.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Departure } from "./departure.js";
import { Drawer } from "./drawer.js";
import { Earlier } from "./earlier.js";
import { EventSocket } from "./events.js";
import { markFound } from "./found.js";
import { Gauge } from "./gauge.js";
import { gettext } from "./i18n.js";
import { Keyboard } from "./keyboard.js";
import { Line } from "./line.js";
import { listen } from "./markdown/actions.js";
import { Outbox } from "./outbox.js";
import { detail, element } from "./page.js";
import { mostTokens } from "./pace.js";
import { Painter } from "./painter.js";
import { Printing } from "./printing.js";
import { Scroll } from "./scroll.js";
import { Search } from "./search.js";
import { Sending } from "./sending.js";
import { Seen } from "./seen.js";
import { isAnswering, Session } from "./session.js";
import { Shelf } from "./shelf.js";
import { Shortcuts } from "./shortcuts.js";
import { Sidebar } from "./sidebar.js";
import { SignIn } from "./signin.js";
import { change, read, socketAddress, token } from "./site.js";
import { Drafts, Notes } from "./storage.js";
import { Tab } from "./tabs.js";
import { Thread } from "./thread.js";
import { Title } from "./title.js";
import { Toast } from "./toast.js";
import { open, thread } from "./transcript.js";
import { above, fromServer, unsent } from "./turn.js";
import { Turns } from "./turns.js";
import { contextOf, marks } from "./view.js";

/**
 * @typedef {{user: string | {id: string}, conversation: string | null, unread: boolean, newest: string | null, model: string, options: import("./protocol.js").Options, summary: string, signed_out_cookie: string,
 *   models: {id: string, name: string, thinks?: boolean, most?: number}[], max_tokens?: number, urls: {socket: string, me: string, new: string}, thread: object[]}} PageData
 */

class ChatPage {
  #data;
  #session;
  #composer;
  #sidebar;
  #title;
  #seen;
  #toast;
  #scroll;
  #thread;
  #announcer;
  #connection;
  #line;
  #gauge;
  #choosing;
  #sending;
  #signIn;
  #departure;
  /** When the same person was signed in again: who is turned away at once then may not come in at all. */
  #backAt = Number.NEGATIVE_INFINITY;
  #turns;
  #printing;
  #earlier;
  #notes = new Notes();
  #painter = new Painter(() => this.#draw());

  /** @param {PageData} data */
  constructor(data) {
    this.#data = data;
    const person = typeof data.user === "string" ? data.user : data.user.id;
    const names = new Map(data.models.map((model) => [model.id, model.name]));
    const template = /** @type {HTMLTemplateElement} */ (element("message-template"));
    this.#connection = new Connection(socketAddress(data.urls.socket), data.urls.me, {
      detour: () => new EventSocket(this.#api, token, { renew: () => this.#signIn.renew() }),
      recall: () => this.#notes.take("detour") !== "",
      remember: (detour) => this.#notes.leave("detour", detour ? "yes" : ""),
    });
    const tab = new Tab(this.#notes);
    const drafts = new Drafts(person, undefined, tab);
    const outbox = new Outbox(person, undefined, tab);
    this.#session = new Session(
      this.#connection,
      outbox,
      open(data.conversation, data.thread.map(fromServer), data.newest),
      (conversation) => this.#readConversation(conversation),
      tab,
    );
    this.#thread = new Thread(element("thread"), template, (id) => names.get(id) ?? id);
    const form = /** @type {HTMLFormElement} */ (element("composer"));
    this.#composer = new Composer(form, drafts, data.conversation);
    this.#sidebar = new Sidebar(
      element("sidebar"),
      /** @type {HTMLTemplateElement} */ (element("conversation-template")),
    );
    this.#title = new Title(element("topbar"));
    this.#seen = new Seen(data.unread, () => this.#change({ unread: false }));
    this.#toast = new Toast(element("toast"));
    this.#scroll = new Scroll(element("scroller"), element("thread"), element("to-end"));
    this.#announcer = new Announcer(element("announcer"));
    const panel = element("context-panel");
    this.#choosing = new Choosing(this.#session, this.#composer, this.#api, data);
    const save = (/** @type {{options?: object}} */ fields) =>
      fields.options ? this.#choosing.choices.keep(fields) : this.#change(fields);
    this.#gauge = new Gauge(element("composer"), panel, save);
    this.#line = new Line(element("connection"), this.#connection);
    this.#sending = new Sending(element("thread"), form, {
      composer: this.#composer,
      session: this.#session,
      drafts,
      outbox,
      tab,
      announcer: this.#announcer,
      toast: this.#toast,
    });
    const signIn = /** @type {HTMLDialogElement} */ (element("sign-in"));
    this.#signIn = new SignIn(signIn, person, this.#data.signed_out_cookie);
    const departure = /** @type {HTMLDialogElement} */ (element("departure"));
    this.#departure = new Departure(departure, { drafts, outbox }, () => this.#session.stop());
    const draw = () => {
      if (!this.#draw()) this.#painter.ask();
    };
    this.#turns = new Turns(element("thread"), {
      session: this.#session,
      composer: this.#composer,
      scroll: this.#scroll,
      announcer: this.#announcer,
      drafts,
      api: this.#api,
      draw,
      stop: () => this.#stop(),
    });
    const fail = (/** @type {string} */ reason) => this.#composer.complain(reason);
    this.#earlier = new Earlier(element("earlier"), element("scroller"), { session: this.#session, draw, fail });
    this.#printing = new Printing(element("print"), element("printed"), {
      session: this.#session,
      draw: () => this.#drawAll(),
      fail,
    });
  }

  start() {
    this.#listen();
    if (!this.#draw()) this.#painter.ask();
    this.#sending.start();
    this.#departure.start();
    this.#sidebar.start();
    new Shelf(element("sidebar"), this.#sidebar, `${this.#api}conversations`, this.#toast).start();
    this.#seen.start();
    this.#title.start();
    this.#gauge.start(this.#data);
    this.#choosing.choices.addEventListener("change", () => this.#gauge.show({ options: this.#choosing.choices.options }));
    this.#choosing.start();
    this.#scroll.start();
    const dialog = /** @type {HTMLDialogElement} */ (element("search-dialog"));
    new Search(dialog, `${this.#api}conversations`, this.#data.urls.new).start();
    this.#line.start();
    new Keyboard(document.documentElement).start();
    this.#turns.start();
    this.#printing.start();
    this.#earlier.start();
    new Drawer().start();
    new Shortcuts(() => this.#stop(), this.#scroll.toEnd, (words) => this.#announcer.say(words)).start();
    this.#session.start();
    this.#arrive();
  }

  #listen() {
    const on = this.#session;
    on.addEventListener("change", () => this.#painter.ask());
    on.addEventListener("ready", () => void Promise.all([this.#signIn.renew(), this.#readList()]));
    on.addEventListener("stranger", () => this.#signIn.open());
    on.addEventListener("conversation", (event) => this.#changed(detail(event)));
    on.addEventListener("gone", () => this.#composer.complain(gettext("This conversation was deleted.")));
    this.#sending.addEventListener("sent", () => this.#scroll.toEnd());
    this.#sending.addEventListener("begun", (event) => this.#begun(detail(event)));
    this.#signIn.addEventListener("back", () => this.#back());
    this.#composer.addEventListener("say", (event) => this.#announcer.say(detail(event)));
    this.#composer.addEventListener("stop", () => this.#stop());
    this.#composer.addEventListener("pick", () => void this.#picked());
    this.#sidebar.addEventListener("deleted", (event) => this.#deleted(detail(event)));
    this.#connection.addEventListener("state", () => this.#signedOut());
    listen(element("thread"), (words) => this.#announcer.say(words));
  }

  /** @returns {boolean} whether all is drawn */
  #draw() {
    const { transcript, sending } = this.#session;
    const waitsFor = (/** @type {import("./outbox.js").Waiting} */ entry) => this.#session.waitsFor(entry);
    const messages = above(thread(transcript), sending, waitsFor);
    const shown = [...messages, ...unsent(sending, waitsFor)];
    element("chat").classList.toggle("is-empty", shown.length === 0);
    const isDrawn = this.#thread.draw(this.#earlier.window(shown), marks(messages));
    element("thread").dataset.most = String(mostTokens(this.#data, this.#composer.model, this.#session.options));
    this.#gauge.draw(contextOf(messages));
    this.#composer.showWriting(isAnswering(transcript));
    this.#composer.showAbove(messages.flatMap((message) => message.attachments ?? []));
    this.#announcer.hear(messages.at(-1));
    return isDrawn;
  }

  /** The whole conversation, at once: paper has no second frame. */
  #drawAll() {
    this.#earlier.all();
    while (!this.#draw());
  }

  /** What a page shows first: the asked message, or the end; and what was deleted a page ago. */
  #arrive() {
    const asked = new URLSearchParams(location.search).get("at");
    const message = asked ? document.getElementById(`m-${asked}`) : null;
    if (message) this.#scroll.show(message);
    markFound(message);
    if (matchMedia("(hover: hover)").matches) this.#composer.focus();
    const deleted = this.#notes.take("deleted");
    if (deleted) this.#deleted(JSON.parse(deleted));
  }

  /** A new conversation has its address. @param {string} conversation */
  #begun(conversation) {
    const address = `${this.#data.urls.new}c/${conversation}/`;
    history.pushState(null, "", address);
    if (this.#choosing.begun(conversation)) return; // a temporary one: in no list, without a title
    this.#title.moveTo(address);
    this.#sidebar.mark(conversation);
  }

  /** @param {import("./protocol.js").ConversationChanged} update */
  #changed({ conversation, ...fields }) {
    const here = conversation === this.#session.transcript.conversation;
    const unread = here ? this.#seen.hear(fields) : fields.unread;
    this.#sidebar.apply({ id: conversation, ...fields, ...(unread === undefined ? {} : { unread }) });
    if (!here) return;
    if (fields.title !== undefined) this.#title.show(fields.title);
    if (fields.model !== undefined) this.#composer.pick(fields.model);
    this.#gauge.show(fields);
    if (fields.deleted !== undefined)
      this.#composer.complain(fields.deleted ? gettext("This conversation was deleted.") : "");
  }

  /** @param {{id: string, title: string}} gone */
  #deleted(gone) {
    if (gone.id === this.#session.transcript.conversation) {
      this.#notes.leave("deleted", JSON.stringify(gone));
      location.assign(this.#data.urls.new);
      return;
    }
    const words = gettext("“%(title)s” was deleted.", { title: gone.title });
    this.#toast.show(words, () => void this.#sidebar.restore(gone.id, gone.title));
  }

  /** Kept with the conversation: its other tabs and a reload have the same model. */
  async #picked() {
    if (!this.#session.transcript.conversation) return;
    this.#composer.complain(await this.#change({ model: this.#composer.model }));
  }

  /** @param {object} fields of the conversation */
  #change(fields) {
    return change(`${this.#api}conversations/${this.#session.transcript.conversation}`, fields);
  }

  #signedOut() {
    if (this.#connection.state !== "signed-out") return;
    if (this.#signIn.leaves()) return;
    if (performance.now() - this.#backAt > 10_000) return this.#signIn.open();
    this.#composer.complain(gettext("You may not use this chat any more. What you wrote is kept on this device."));
  }

  #back() {
    this.#backAt = performance.now();
    this.#session.start();
  }

  /** Whether there was something to stop. */
  #stop() {
    const answering = isAnswering(this.#session.transcript);
    this.#session.stopAnswer();
    return answering;
  }

  /** @param {string} conversation */
  async #readConversation(conversation) {
    const whole = await read(`${this.#api}conversations/${conversation}`);
    return whole ? { messages: whole.messages.map(fromServer) } : null;
  }

  async #readList() {
    this.#sidebar.startReading();
    const page = await read(`${this.#api}conversations`);
    if (page) this.#sidebar.reconcile(page.items, page.next === null);
  }

  get #api() {
    return this.#data.urls.me.replace(/me$/, "");
  }
}

new ChatPage(JSON.parse(element("page-data").textContent ?? "{}")).start();
