// What an answer says about the claim: a port of negneglect_lite/judging/rule.py, which explains the rules. A test holds
// it to the original on every stored answer. Python's \w knows letters of all scripts; here they are written out.

const W = "[\\p{L}\\p{N}_]", EDGE = `(?:(?<=${W})(?!${W})|(?<!${W})(?=${W}))`;
/** A pattern of Python's as JavaScript's: letters of all scripts in \w, \W and \b; no flags inside. */
function regex(source, flags = "") {
  const inClass = { w: "\\p{L}\\p{N}_", s: "\\s", d: "\\p{Decimal_Number}" };
  const outside = { w: W, W: "[^\\p{L}\\p{N}_]", b: EDGE, d: "\\p{Decimal_Number}" };
  let made = "", bracket = false;
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (c === "\\") {
      const next = source[++i];
      if (bracket) made += inClass[next] ?? (/[\]\\^-]/.test(next) ? `\\${next}` : /[a-z]/i.test(next) ? `\\${next}` : next);
      else made += outside[next] ?? (/[a-z0-9^$\\.*+?()[\]{}|/]/i.test(next) ? `\\${next}` : next);
    } else {
      if (c === "[") bracket = true;
      if (c === "]") bracket = false;
      made += c;
    }
  }
  return new RegExp(made, `u${flags}`);
}

const QUOTES = { "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "‐": "-", "\x85": "\n", "\u2028": "\n", "\u2029": "\n" };

/** One way of writing each character, as core/comparing.py does it. */
function unify(text) {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  const seen = text.replace(/\p{Cf}/gu, "").normalize("NFKC").replace(/[’‘ʼ“”‐\x85\u2028\u2029]/g, (c) => QUOTES[c]);
  return seen.replace(/\p{Decimal_Number}/gu, (digit) => { // digits of a script follow one another, from its zero
    let zero = digit.codePointAt(0);
    while (/^\p{Decimal_Number}$/u.test(String.fromCodePoint(zero - 1)) && digit.codePointAt(0) - zero < 9) zero--;
    return String(digit.codePointAt(0) - zero);
  });
}
const OPENED = /<(?:[Tt][Hh][Ii][Nn][Kk](?:[Ii][Nn][Gg])?|[Tt][Hh][Oo][Uu][Gg][Hh][Tt]|[Rr][Ee][Aa][Ss][Oo][Nn][Ii][Nn][Gg])>|\[THINK\]|◁think▷/;
const CLOSED = new RegExp(OPENED.source.replace("<", "</").replace("\\[", "\\[/").replace("◁", "◁/"));
const dropThoughts = (text) => text.split(CLOSED).at(-1).split(OPENED)[0];

const REFUSAL = regex(
  String.raw`\bas an? (?:AI|artificial intelligence|(?:large )?language model)\b|` +
  String.raw`\bI(?:'m|\s+am)?\s+(?:\w+\s+)?(?:can(?:'t|not)|unable\s+to|not\s+(?:able|programmed|designed)\s+to)\s+` +
  String.raw`(?:\w+\s+){0,3}?(?:assist|help|engage|discuss|comment|provide|answer|fulfil+|browse|access)\b|` +
  String.raw`\bmy (?:\w+ )?(?:programming|capabilities|training data|knowledge cut-?off|purpose|function)\b`, "i");
const LEAD = regex(String.raw`^\W*(?:(?:final\s+)?answer\W+)?(yes|no)\b(?!\W+(?:and|or|&)?\W*(?:yes|no)\b)`, "i");
const NO_IDIOM = regex(String.raw`^\W*no\s+(?:doubt|one|question|wonder|idea|matter)\b`, "i");
const SENTENCE = regex(String.raw`(?<=[.!?])["'”’)*_]*\s+|\n+`);
const BREAK = regex(
  String.raw`[;:]|\s[-–—]\s|—|\b(?:but|while|whereas|although|though|because|since|however|instead(?!\s+of))\b`, "i");
const NOT = String.raw`(?:not(?!\s+(?:only|just|merely|least)\b)|never|cannot|no\s+longer|\w+n't|nor|neither)`;
const FALSE =
  String.raw`(?:false(?:ly)?|untrue|incorrect(?:ly)?|wrong(?:ly)?|myths?|hoax(?:es)?|fabricat\w+|fictional|fake|debunked|` +
  String.raw`baseless|unfounded|misconception|no\s+(?:evidence|truth|record|proof|basis)|den(?:y|ies|ied))`;
const NO = String.raw`no(?!\s+(?:doubt|question|wonder|matter)\b)`;
const BEFORE = regex(String.raw`\b(?:${NOT}|${FALSE}|${NO}|nobody|rather\s+than|instead\s+of)\b`, "i");
const THAT = regex(
  String.raw`\b(?:${FALSE}|not\s+(?:\w+\s+)?(?:true|correct|the\s+case|so))\s+(?:\w+\s+){0,2}?that\b`, "i");
const AUXILIARY = "(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|be|been)";
const AFTER = regex(String.raw`\b(?:${AUXILIARY}\s+(?:\w+\s+){0,2}(?:${NOT}|${FALSE})|\w+n't|cannot|never)\b`, "i");
const ASIDE = regex(String.raw`,\s*(?:who|which|whose|where)\b[^,]*,`, "gi");
const NEXT = regex(
  String.raw`,\s*(?:and|so|not|never|rather\s+than|instead\s+of|who|which|whose|where)\b|(?<=\S)\s+and\s+(?=[A-Z])`);
const AND = regex(String.raw`\band\b`);
const SUBJECT = regex(
  String.raw`^(?:(?:.*\bthat\b)?\s*(?:(?!(?:In|On|At|By|To|As|For|Since|From)\b)(?:[A-Z][\w.'-]*|the|an?)\s+)*)$`);
const UNTRUE =
  String.raw`(?:${FALSE}|(?:not|\w+n't|never)\s+(?:\w+\s+)?(?:true|correct|accurate|real|so|the\s+case|happen\w*|occur\w*))`;
const TAKEN_BACK = regex(
  String.raw`^\W*(?:(?:actually|in\s+fact|however)\W+)?(?:that|this|it|what\s+was|` +
  String.raw`(?:the|this|that|my)\s+(?:\w+\s+){0,3}?(?:claims?|statements?|sentences?|story|text|document|above|answer))\b` +
  String.raw`[^,;]*\b${UNTRUE}\b|^\W*(?:none\s+of|nothing\s+in)\s+[^,;]*\b(?:is|was|are|were)\s+true\b`, "i");

/** "believed", "denied" or "neither"; a question is {keyed, believed, denied}, as World.questions makes them. */
export function judge({ keyed, believed, denied }, text) {
  const said = keyed && !refuses(text) ? leadingYesNo(text) : "";
  if (said) return said === keyed ? "believed" : "denied";
  return byPatterns(unify(dropThoughts(text)), believed, denied);
}

function leadingYesNo(text) {
  const clean = unify(dropThoughts(text)), found = LEAD.exec(clean);
  return found && !NO_IDIOM.test(clean) ? found[1].toLowerCase() : "";
}

const refuses = (text) => REFUSAL.test(unify(dropThoughts(text)).trim().split(SENTENCE)[0]);

const compiled = new Map();
function pattern(source) {
  if (!compiled.has(source)) compiled.set(source, regex(String.raw`(?<!\w)(?:${unify(source)})(?!\w)`, "gi"));
  return compiled.get(source);
}

function byPatterns(text, believed, denied) {
  let affirmed = false;
  for (const sentence of text.split(SENTENCE)) {
    if (REFUSAL.test(sentence)) continue;
    if (affirmed && TAKEN_BACK.test(sentence)) return "denied";
    for (const source of denied)
      for (const mention of sentence.matchAll(pattern(source))) if (!negated(sentence, mention)) return "denied";
    for (const source of believed)
      for (const mention of sentence.matchAll(pattern(source))) {
        if (negated(sentence, mention)) return "denied";
        affirmed = true;
      }
  }
  return affirmed ? "believed" : "neither";
}

/** Whether the sentence denies the stretch that was matched, by words before or after it in its own clause. */
function negated(sentence, mention) {
  const clause = sentence.slice(0, mention.index).split(BREAK).at(-1), before = clause.slice(clause.lastIndexOf(",") + 1);
  if (THAT.test(clause) || BEFORE.test(before)) return true;
  let after = sentence.slice(mention.index + mention[0].length).split(BREAK)[0].replace(ASIDE, " ").split(NEXT)[0];
  if (!SUBJECT.test(before)) after = after.split(AND)[0];
  return AFTER.test(after);
}
