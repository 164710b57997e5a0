"""A statement as the engine parses it (`parseQueryToJSON`), held against lists of what a reader may use.

The lists name what is allowed: new syntax of a newer engine is refused until it was reviewed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from schema.store.sql_functions import TABLE_FUNCTIONS, is_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLES: Final = frozenset(
    {
        "drills",
        "ledger",
        "logs",
        "metric_points",
        "purges",
        "removals",
        "repricings",
        "runs",
        "schema_migrations",
        "spans",
    }
)
"""Our tables: those that the migrations make."""

_NODES: Final = frozenset(
    """
    ArrayJoin Asterisk ColumnsApplyTransformer ColumnsExceptTransformer ColumnsListMatcher ColumnsRegexpMatcher
    ColumnsReplaceTransformer ColumnsReplaceTransformerReplacement ColumnsTransformerList ExpressionList Function
    Identifier InterpolateElement Literal OrderByElement QualifiedAsterisk QualifiedColumnsListMatcher
    QualifiedColumnsRegexpMatcher SampleRatio SelectQuery SelectWithUnionQuery Subquery TableExpression TableIdentifier
    TableJoin TablesInSelectQuery TablesInSelectQueryElement WindowDefinition WindowListElement WithElement
    """.split()  # noqa: SIM905 - names read best as words
)
_FIELDS: Final = frozenset(
    """
    alias aliases arguments array_join children collation column column_aliases column_list cte_aliases
    database_and_table_name definition denominator direction distinct expr expression expression_list fill_from
    fill_staleness fill_step fill_to final frame_begin_offset frame_begin_preceding frame_begin_type frame_end_offset
    frame_end_preceding frame_end_type frame_is_default frame_type func_name group_by group_by_all group_by_with_cube
    group_by_with_grouping_sets group_by_with_rollup group_by_with_totals having interpolate is_lambda_function
    is_operator is_strict is_window_function kind lambda lambda_arg limit_by limit_by_all limit_by_length
    limit_by_offset limit_length limit_offset limit_with_ties list_of_modes list_of_selects locality name name_parts
    nulls_action nulls_direction nulls_direction_was_explicitly_specified numerator on_expression order_by order_by_all
    parameters parent_window_name partition_by pattern prewhere qualifier qualify recursive_with sample_offset
    sample_size select strictness subquery table_expression table_function table_join tables transformers type
    union_mode using_expression_list value where window window_definition window_name with with_fill
    """.split()  # noqa: SIM905 - names read best as words
)
_PLAIN_VALUES: Final = frozenset({"list_of_modes", "name_parts", "value"})
_UNSET: Final = frozenset({"is_outfile_append", "is_outfile_truncate", "is_into_outfile_with_stdout"})
_REASONS: Final = {
    "settings": "a statement may not carry SETTINGS",
    "settings_ast": "a statement may not carry SETTINGS",
    "format_ast": "leave FORMAT out: the option --format sets how rows are printed",
    "out_file": "leave INTO OUTFILE out: redirect what the command prints",
    "QueryParameter": "{name:Type} stands for a parameter, and there are none here: write the value",
}
_IN: Final = frozenset(
    {"in", "notin", "globalin", "globalnotin", "nullin", "notnullin", "globalnullin", "globalnotnullin"}
)
_TYPE_ARGUMENT: Final = {
    "cast": 1,
    "accuratecast": 1,
    "accuratecastornull": 1,
    "accuratecastordefault": 1,
    "jsonextract": -1,
    "jsonextractcaseinsensitive": -1,
    "jsonextractkeysandvalues": -1,
    "jsonextractkeysandvaluescaseinsensitive": -1,
}
"""Which argument of these functions is the name of a type."""

_TAKING_FUNCTIONS: Final = frozenset(
    """
    arrayall arrayavg arraycompact arraycount arraycumsum arraycumsumnonnegative arraydifference arrayexists arrayfill
    arrayfilter arrayfirst arrayfirstindex arrayfirstornull arrayfold arraylast arraylastindex arraylastornull arraymap
    arraymax arraymin arraypartialreversesort arraypartialsort arrayproduct arrayreversefill arrayreversesort
    arrayreversesplit arraysort arraysplit arraysum mapall mapapply mapexists mapfilter mappartialreversesort
    mappartialsort mapreversesort mapsort
    """.split()  # noqa: SIM905 - names read best as words
)
"""Functions to which the engine lets another be passed by its name alone: arrayMap(upper, names)."""

_METADATA: Final = frozenset(
    """
    character_sets collations columns engines key_column_usage referential_constraints schemata statistics tables views
    """.split()  # noqa: SIM905 - names read best as words
)
"""Tables of information_schema, the database that statements run in: a name that is not qualified is one of these."""

_QUALIFIED: Final = 2  # parts of database.table


class _Statement(NamedTuple):
    database: str
    with_names: frozenset[str]


def objection(tree: Any, database: str) -> str | None:  # noqa: ANN401 - JSON
    """Return why a statement with this tree may not run, or None if it may; our tables lie in `database`."""
    statement = _Statement(database, _with_names(tree))
    for field, node in _nodes(tree):
        look = _OBJECTIONS.get("table_function" if field == "table_function" else str(node.get("type")))
        reason = _unknown_syntax(node) or (look(node, statement) if look else None)
        if reason:
            return reason
    return None


def qualify(tree: Any, database: str) -> None:  # noqa: ANN401 - JSON
    """Name the database of our tables, in place: a statement runs where no other name is a table (or a file)."""
    for _, node in _nodes(tree):
        for table in [node] if node.get("type") == "TableIdentifier" else _names_after_in(node):
            if "name_parts" not in table and table.get("name") in TABLES:
                table["name_parts"] = [database, table["name"]]
                table["name"] = f"{database}.{table['name']}"


def _nodes(tree: Any) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - JSON
    """Yield every node of a tree with the field that holds it, outer ones first."""
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        field, value = waiting.pop()
        if isinstance(value, dict):
            yield field, value
            waiting.extend(reversed([item for item in value.items() if item[0] not in _PLAIN_VALUES]))
        elif isinstance(value, list):
            waiting.extend((field, each) for each in reversed(value))


def _with_names(tree: Any) -> frozenset[str]:  # noqa: ANN401 - JSON
    return frozenset(str(node.get("name")) for _, node in _nodes(tree) if node.get("type") == "WithElement")


def _unknown_syntax(node: dict[str, Any]) -> str | None:
    kind = str(node.get("type"))
    if kind not in _NODES:
        return _REASONS.get(kind, f"a statement may not hold this kind of SQL ({kind})")
    for field, value in node.items():
        known = field in _FIELDS if field != "value" else kind == "Literal"  # elsewhere it could hold more nodes
        if not known and not (field in _UNSET and value is False):
            return _REASONS.get(field, f"a statement may not hold this kind of SQL ({kind}, {field})")
    return None


def _function(node: dict[str, Any], statement: _Statement) -> str | None:
    name = str(node.get("name"))
    arguments = _arguments(node)
    if not is_allowed(name):
        return _refused_function(name)
    if name.lower() in _TAKING_FUNCTIONS and len(arguments) > 1:
        passed = str(arguments[0].get("name")) if arguments[0].get("type") == "Identifier" else ""
        if passed and not is_allowed(passed):
            return f"{name} takes no function by its name alone: write x -> {passed}(x)"
    for identifier in _names_after_in(node):
        reason = _table_after_in(identifier, statement)
        if reason:
            return reason
    return _type(name, arguments)


def _table_function(node: dict[str, Any], _: _Statement) -> str | None:
    name = str(node.get("name"))
    if name.lower() not in TABLE_FUNCTIONS:
        return f"a statement may not read from {name}(): it may use {', '.join(sorted(TABLE_FUNCTIONS))}"
    return next(filter(None, (_untrusted(each) for each in _arguments(node))), None)


def _refused_function(name: str) -> str:
    return f"a statement may not call {name}(): it may call functions that read their arguments and nothing else"


def _type(name: str, arguments: list[dict[str, Any]]) -> str | None:
    """Refuse a type that is computed while the statement runs: it cannot be checked before."""
    place = _TYPE_ARGUMENT.get(name.lower())
    if place is None or len(arguments) <= max(place, 0):
        return None
    if not isinstance(_literal(arguments[place]), str):
        return f"{name} takes a type that is written out, such as 'String'"
    return _untrusted(arguments[place])


def _untrusted(argument: dict[str, Any]) -> str | None:
    """Refuse states of aggregate functions: the engine reads them without a check."""
    if "aggregatefunction" in str(_literal(argument)).lower():
        return "a statement may not use the type AggregateFunction"
    return None


def _literal(node: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return node["value"].get("value") if node.get("type") == "Literal" else None


def _table(node: dict[str, Any], statement: _Statement) -> str | None:
    return None if _is_ours(node, statement) or _is_free(node, statement.with_names) else _no_table(node)


def _table_after_in(node: dict[str, Any], statement: _Statement) -> str | None:
    # A name that is no table is a column or a list that WITH names.
    free = "name_parts" not in node and str(node.get("name")).lower() not in _METADATA
    return None if free or _is_ours(node, statement) else _no_table(node)


def _no_table(node: dict[str, Any]) -> str:
    return f"there is no table {node.get('name')} here: the tables are {', '.join(sorted(TABLES))}"


def _is_ours(node: dict[str, Any], statement: _Statement) -> bool:
    parts = node.get("name_parts", [statement.database, node.get("name")])
    return len(parts) == _QUALIFIED and parts[0] == statement.database and parts[1] in TABLES


def _is_free(node: dict[str, Any], with_names: frozenset[str]) -> bool:
    name = str(node.get("name"))
    return "name_parts" not in node and name in with_names and name.lower() not in _METADATA


def _with(node: dict[str, Any], _: _Statement) -> str | None:
    name = str(node.get("name"))
    return f"WITH names {name}, which is a table: choose another name" if name in TABLES else None


def _apply(node: dict[str, Any], _: _Statement) -> str | None:
    name = str(node.get("func_name", "lambda"))
    return None if is_allowed(name) else _refused_function(name)


def _arguments(node: dict[str, Any]) -> list[dict[str, Any]]:
    return list(node.get("arguments", {}).get("children", []))


def _names_after_in(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the names on the right of IN: the engine takes one for a table where it is no column."""
    if node.get("type") != "Function" or str(node.get("name")).lower() not in _IN:
        return []
    return [each for each in _arguments(node)[1:] if each.get("type") == "Identifier"]


_OBJECTIONS: Final[dict[str, Callable[[dict[str, Any], _Statement], str | None]]] = {
    "Function": _function,
    "table_function": _table_function,
    "TableIdentifier": _table,
    "ColumnsApplyTransformer": _apply,
    "WithElement": _with,
}
