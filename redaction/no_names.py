"""Words that models take for people and that are none: products, days, what is called after somebody."""

from __future__ import annotations

import re

_PRODUCTS_TEXT = (
    "claude sonnet opus haiku gemini gemma mistral llama grok cohere qwen deepseek bedrock vertex openai anthropic"
    " ollama langfuse langsmith langchain langgraph llamaindex haystack litellm mlflow jaeger vercel pydantic celery"
    " redis postgres clickhouse presidio datasette streamlit python pytest asyncio"
)
PRODUCTS = frozenset(_PRODUCTS_TEXT.split())
"""Products that agents' texts are full of and that models take for people; a full name with one in it still counts."""

_DAYS_TEXT = (
    "january february september october november december monday tuesday wednesday thursday friday saturday sunday"
    " easter christmas"
)
_DAYS = frozenset(_DAYS_TEXT.split())
_SEASONS = frozenset(["spring", "summer", "autumn", "winter"])
_MONTHS = frozenset(["april", "may", "june", "july", "august"])  # names of people, but for a number beside them
_NUMBER_BEFORE = re.compile(r"\d(?:st|nd|rd|th)?(?: of)? \Z")
_NUMBER_AFTER = re.compile(r",? \d")

_EPONYMS_TEXT = (
    "addison alzheimer amdahl archimedes asperger avogadro bayes bell bernoulli bessel boltzmann boole boyle braille"
    " brier brown carnot cauchy charles chebyshev conway coriolis coulomb crohn cushing dewey dijkstra dirac doppler"
    " down einstein euclid euler faraday fermat fibonacci fisher fourier frobenius galois gantt gauss geiger gini"
    " gödel goodhart graves green hamming hanlon hawking heisenberg hess hilbert hodgkin hooke hubble huffman"
    " huntington jaccard jacobi kalman kelvin kendall kepler kirchhoff knuth kruskal lagrange laplace lebesgue"
    " leibniz levenshtein likert lipschitz lorenz lyme mandelbrot markov maxwell mersenne mohs monte moore murphy nash"
    " newton nyquist occam ohm pareto parkinson pascal pavlov pearson petri planck poincaré poisson ponzi prim"
    " pythagoras raynaud richter riemann rorschach sankey schrödinger shannon sharpe simpson snell spearman stirling"
    " stokes student tourette turing venn voronoi weibull wilcoxon zeno zipf"
)
_EPONYMS = frozenset(_EPONYMS_TEXT.split())
_KINDS = re.compile(
    r"(?:['\u2019]s?)? (?:laws?|theorem|lemma|disease|syndrome|palsy|lymphoma|razor|paradox|algorithm|inequality"
    r"|conjecture|constants?|equations?|principle|effect|distribution|transform|scale|index|coefficient|curve|chart"
    r"|diagram|score|series|process|chain|filter|machine|matrix|dish|scheme|entropy|coding|distance|sequence)\b",
    re.IGNORECASE,
)
_TITLE_BEFORE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof|herr|frau)\.? \Z", re.IGNORECASE)
_REACH = 9


def is_nobody(text: str, start: int, end: int) -> bool:
    """Whether one word of a text, from `start` to `end`, is the name of a thing or of a day."""
    word = text[start:end].lower()
    if word in PRODUCTS:
        return True
    if word in _DAYS:
        return _TITLE_BEFORE.search(text, max(0, start - _REACH), start) is None
    if word in _SEASONS:
        return text[start:end].islower()
    if word in _MONTHS:
        return bool(_NUMBER_BEFORE.search(text, max(0, start - _REACH), start) or _NUMBER_AFTER.match(text, end))
    return word in _EPONYMS and _KINDS.match(text, end) is not None
