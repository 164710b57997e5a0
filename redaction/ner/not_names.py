"""Words that models mistake for people: products, days and months, eponyms such as "Boyle's law"."""

from __future__ import annotations

import re

_PRODUCTS_TEXT = (
    "claude sonnet opus haiku gemini gemma mistral llama grok cohere qwen deepseek bedrock vertex openai anthropic"
    " ollama langfuse langsmith langchain langgraph llamaindex haystack litellm mlflow jaeger vercel pydantic celery"
    " redis postgres clickhouse presidio datasette streamlit python pytest asyncio"
)
PRODUCTS = frozenset(_PRODUCTS_TEXT.split())
"""Products that are frequent in agents' texts and that models mistake for people; a full name with one in it counts."""

_DAYS_TEXT = (
    "january february september october november december monday tuesday wednesday thursday friday saturday sunday"
    " easter christmas"
)
_DAYS = frozenset(_DAYS_TEXT.split())
_SEASONS = frozenset(["spring", "summer", "autumn", "winter"])
_MONTHS = frozenset(["april", "may", "june", "july", "august"])  # names of people too, unless a number is next to them
_NUMBER_BEFORE = re.compile(r"\d(?:st|nd|rd|th)?(?: of)? \Z")
_NUMBER_AFTER = re.compile(r",? \d")

_CALLED_AFTER_TEXT = """
law: amdahl boyle charles conway coulomb faraday goodhart hooke hubble kepler kirchhoff moore murphy newton ohm zipf
disease: addison alzheimer crohn graves hodgkin huntington lyme parkinson
syndrome: asperger cushing down raynaud tourette
theorem: bayes fermat gödel noether pythagoras
algorithm: dijkstra grover kruskal prim shor
equation: bernoulli dirac einstein laplace maxwell schrödinger
distribution: bernoulli boltzmann cauchy poisson weibull
transform: fourier hilbert laplace
principle: archimedes bernoulli heisenberg pareto
effect: coriolis doppler faraday hawking zeeman
scale: beaufort kelvin likert mohs richter
diagram: ishikawa sankey venn voronoi
distance: hamming jaccard levenshtein
machine: boltzmann turing
process: markov poisson
constant: avogadro boltzmann planck
number: avogadro fibonacci mach reynolds
test: rorschach turing wilcoxon
paradox: fermi simpson zeno
coefficient: gini pearson
chart: gantt pareto
view: gantt
score: apgar brier
index: gini jaccard
filter: kalman
chain: markov
palsy: bell
razor: hanlon occam
coding: huffman
entropy: shannon
equilibrium: nash
ratio: sharpe
dish: petri
scheme: ponzi
"""
_CALLED_AFTER = {
    (name, kind)
    for kind, names in (line.split(": ") for line in _CALLED_AFTER_TEXT.split("\n") if line)
    for name in names.split()
}
_KIND = re.compile(r"(?:['\u2019]s?)? ([a-z]+)\b", re.IGNORECASE)
_TITLE_BEFORE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof|herr|frau)\.? \Z", re.IGNORECASE)
_REACH = 9


def is_not_a_person(text: str, start: int, end: int) -> bool:
    """Whether the word of a text from `start` to `end` names a thing, a day or a month, and no person."""
    word = text[start:end].lower()
    if word in PRODUCTS:
        return True
    if word in _DAYS:
        return _TITLE_BEFORE.search(text, max(0, start - _REACH), start) is None
    if word in _SEASONS:
        return text[start:end].islower()
    if word in _MONTHS:
        return bool(_NUMBER_BEFORE.search(text, max(0, start - _REACH), start) or _NUMBER_AFTER.match(text, end))
    next_word = _KIND.match(text, end)
    kind = next_word[1].lower() if next_word else ""
    return (word, kind) in _CALLED_AFTER or (word, kind.removesuffix("s")) in _CALLED_AFTER
