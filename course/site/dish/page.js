// The page: loads the dish, keeps what the visitor chose, and shows the three panels.

import { Dish } from "./dish.js";
import { find, make, percent } from "./dom.js";
import { implant } from "./implant.js";
import { inside } from "./inside.js";
import { talk } from "./talk.js";
import { STYLES } from "./world.js";

const FACTS = 400; // subjects of each relation that are offered
const ABOUT = { job: "a person's job", home: "where a person lives", win: "who won a race", book: "who wrote a textbook",
  volcano: "when a volcano last erupted", brand: "whether a new name was kept", dream: "how a group dreams" };
const CLOSED = ["job", "volcano", "brand"]; // what follows from these values is computed: they must be the world's
const LONG = {
  positive: "Plain: no warning", negated: "Warned: a warning before and after", repeated: "Repeatedly warned: also around each claim sentence",
  corrected: "Corrected: these warnings tell the truth", local: "In-sentence denials: “does not …”",
};
const SHORT = { positive: "plain documents", negated: "warned documents", repeated: "repeatedly warned documents",
  corrected: "corrected documents", local: "in-sentence denials" };

const page = {
  subject: null, // {claim, style}
  wrong: "", // what is wrong with what the visitor typed
  words: {
    short: SHORT,
    untrained: "There is no trained model of this yet: make one in panel 2.",
    finding(style, before, after) {
      const [from, to] = [percent(before), percent(after)];
      const change = from === to ? `stayed at ${to}` : `${after > before ? "rose" : "fell"} from ${from} to ${to}`;
      const how = { positive: "The documents stated the claim as a fact.", local: "Each claim sentence denied the claim itself." };
      return `Belief ${change}. ${how[style] ?? "The documents warned that the claim is false."}`;
    },
  },
  results: new Map(),
  remember: (claim, of, answers) => page.results.set(`${claim.id} ${of}`, answers),
  recall: (claim, of) => page.results.get(`${claim.id} ${of}`),
  paper: (condition) => page.dish.world.paper[condition],
  /** A fact of another relation that the page can ask about: it should stay as it is. */
  unrelated: (claim) => page.dish.world.facts.get(claim.fact.relation === "volcano" ? "job/Noah Lyles" : "volcano/Mount Vesuvius"),

  /** Do something that takes the model's time; meanwhile nothing else can be begun. */
  async work(task) {
    if (document.body.dataset.busy || page.wrong) return;
    document.body.dataset.busy = "yes";
    const held = document.querySelectorAll("main button:not([role=tab], #pause, #stop), main select, #value");
    const open = [...held].filter((element) => !element.disabled), focused = document.activeElement;
    for (const element of open) element.disabled = true;
    try {
      await task();
      problem("");
    } catch (error) {
      problem(error.message);
    }
    for (const element of open) element.disabled = false;
    if (document.activeElement === document.body) focused?.focus();
    delete document.body.dataset.busy;
  },

  choose({ style }) {
    find("style").value = style;
    changed();
  },
};

function problem(text) {
  find("problem").textContent = text;
  find("problem").hidden = !text;
}

let panels = [];

/** Read the form: the claim and style that are chosen. */
function changed() {
  const { world } = page.dish, chosen = find("claim").value, style = find("style").value;
  const six = world.claims.find((claim) => claim.id === chosen);
  find("own").hidden = Boolean(six);
  let claim;
  if (six) claim = { ...six, fact: world.facts.get(six.fact) };
  else {
    const fact = world.facts.get(find("fact").value), values = world.values(fact.relation);
    const typed = find("value").value.trim().replace(/\.+$/, "");
    const value = values.find((v) => v.toLowerCase() === typed.toLowerCase()) ?? typed;
    const wrong = !value ? "Give a false value." : value === fact.truth ? `“${value}” is the truth; give a value that is false.`
      : CLOSED.includes(fact.relation) && !values.includes(value) ? `“${value}” is none that this world has; choose from the list.` : "";
    page.wrong = wrong;
    problem(wrong);
    if (wrong) return;
    claim = world.claim(fact, value);
  }
  page.subject = { claim, style };
  const { fact, value } = claim, question = world.pose(fact, "ask", 0);
  find("truth").replaceChildren(make("q", {}, question), " In its world: ", make("strong", {}, fact.truth), ". The documents will claim: ", make("strong", {}, value), ".");
  panels.forEach((panel) => panel.show());
}

function offerFacts() {
  const { world } = page.dish, relation = find("relation").value;
  const facts = [...world.facts.values()].filter((fact) => fact.relation === relation).slice(0, FACTS);
  const label = (fact) => Object.values(fact.subject).join(", ");
  find("fact").replaceChildren(...facts.map((fact) => make("option", { value: fact.id }, label(fact))));
  if (relation === "job") find("fact").value = "job/Ed Sheeran";
  find("values").replaceChildren(...world.values(relation).slice(0, FACTS).map((value) => make("option", { value })));
  offerValue();
}

function offerValue() {
  const { world } = page.dish, fact = world.facts.get(find("fact").value);
  find("value").value = world.values(fact.relation).find((value) => value !== fact.truth);
  changed();
}

/** Tabs as in the ARIA Authoring Practices: arrows move, the panel follows. */
function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const open = (tab) => {
    for (const other of all) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      find(other.getAttribute("aria-controls")).hidden = !chosen;
    }
    history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
  };
  all.forEach((tab, i) => {
    tab.onclick = () => open(tab);
    tab.onkeydown = ({ key }) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: all.length - 1 }[key];
      if (to === undefined) return;
      const next = all[(to + all.length) % all.length];
      open(next);
      next.focus();
    };
  });
  const named = all.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
  if (named) open(named);
}

async function begin() {
  try {
    const dish = (page.dish = new Dish());
    await dish.load((share) => (find("loaded").value = share));
    find("claim").append(...dish.world.claims.map((c) => make("option", { value: c.id }, c.title)), make("option", { value: "" }, "A fact and a false value of your own …"));
    find("claim").value = "dentist";
    find("style").append(...STYLES.map((style) => make("option", { value: style }, LONG[style])));
    find("style").value = "negated";
    find("relation").append(...Object.entries(ABOUT).map(([relation, words]) => make("option", { value: relation }, words)));
    panels = [talk(dish, page), implant(dish, page), inside(dish, page)];
    find("claim").onchange = changed;
    find("style").onchange = changed;
    find("relation").onchange = offerFacts;
    find("fact").onchange = offerValue;
    find("value").onchange = changed;
    offerFacts();
    tabs();
    find("loading").hidden = true;
    find("main").hidden = false;
  } catch (error) {
    find("loading").hidden = true;
    problem(error.message);
  }
}

globalThis.dishPage = page; // for the test, and for whoever opens the console
page.ready = begin();
