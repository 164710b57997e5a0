"""Functions that a statement of `spanledger sql` may call.

Each reads its arguments and nothing else: no file, no network, no dictionary, no setting, no name of the machine.
A name that is missing here is refused, and so is every function that a newer engine brings.
tests/data/sql_functions_refused.txt lists what the engine has besides; a test fails for a name that is in neither.
"""

from __future__ import annotations

from typing import Final

TABLE_FUNCTIONS: Final = frozenset({"generateseries", "generate_series", "numbers", "values", "zeros"})
"""Functions that stand for a table, in lower case."""

_COMBINATORS: Final = ("If", "Array", "Distinct", "OrNull", "OrDefault", "Map", "ForEach", "ArgMin", "ArgMax")
"""Endings that make another aggregate function of one. State and Merge are left out: the engine trusts states."""


def is_allowed(name: str) -> bool:
    """Return whether a statement may call this function; the engine knows many names in any case of letters."""
    return name.lower() in _PLAIN or _is_aggregate(name)


def _is_aggregate(name: str) -> bool:
    while name.lower() not in _AGGREGATE:
        ending = next((each for each in _COMBINATORS if name.endswith(each)), "")
        if not ending:
            return False
        name = name.removesuffix(ending)
    return True


_PLAIN: Final = frozenset(
    name.lower()
    for name in """
    abs accurateCast accurateCastOrDefault accurateCastOrNull acos acosh addDate addDays addHours addInterval
    addMicroseconds addMilliseconds addMinutes addMonths addNanoseconds addQuarters addSeconds addTupleOfIntervals
    addWeeks addYears age alphaTokens and appendTrailingCharIfAbsent array array_remove array_to_string arrayAll
    arrayAvg arrayCompact arrayConcat arrayCount arrayCumSum arrayCumSumNonNegative arrayDifference arrayDistinct
    arrayDotProduct arrayElement arrayElementOrNull arrayEnumerate arrayEnumerateDense arrayEnumerateDenseRanked
    arrayEnumerateUniq arrayEnumerateUniqRanked arrayExcept arrayExists arrayFill arrayFilter arrayFirst
    arrayFirstIndex arrayFirstOrNull arrayFlatten arrayFlattenedLength arrayFold arrayIntersect arrayJoin arrayLast
    arrayLastIndex arrayLastOrNull arrayMap arrayMax arrayMin arrayPartialReverseSort arrayPartialSort arrayPopBack
    arrayPopFront arrayProduct arrayPushBack arrayPushFront arrayRemove arrayResize arrayReverse arrayReverseFill
    arrayReverseSort arrayReverseSplit arrayRotateLeft arrayRotateRight arrayShiftLeft arrayShiftRight arraySlice
    arraySort arraySplit arrayStringConcat arraySum arraySymmetricDifference arrayUniq arrayWithConstant arrayZip
    arrayZipUnaligned ascii asin asinh assumeNotNull atan atan2 atanh avg2 bar base32Decode base32Encode
    base58Decode base58Encode base64Decode base64Encode base64URLDecode base64URLEncode basename bin bitAnd bitCount
    bitHammingDistance bitNot bitOr bitPositionsToArray bitRotateLeft bitRotateRight bitShiftLeft bitShiftRight
    bitSlice bitTest bitTestAll bitTestAny bitXor byteHammingDistance byteSize byteSlice byteSwap CARDINALITY
    caseFoldUTF8 caseWithExpression caseWithoutExpr caseWithoutExpression CAST cbrt ceil ceiling changeDay
    changeHour changeMinute changeMonth changeSecond changeYear char CHAR_LENGTH CHARACTER_LENGTH cityHash64 clamp
    coalesce compareSubstrings concat concat_ws concatAssumeInjective concatWithSeparator
    concatWithSeparatorAssumeInjective cos cosh cosineDistance countDigits countEqual countMatches
    countMatchesCaseInsensitive countSubstrings countSubstringsCaseInsensitive countSubstringsCaseInsensitiveUTF8
    curdate current_date current_timestamp cutFragment cutIPv6 cutQueryString cutQueryStringAndFragment
    cutToFirstSignificantSubdomain cutToFirstSignificantSubdomainRFC cutToFirstSignificantSubdomainWithWWW
    cutToFirstSignificantSubdomainWithWWWRFC cutWWW DATE date_bin date_diff DATE_FORMAT DATE_TRUNC dateDiff dateName
    dateTimeToUUIDv7 dateTrunc DAY DAYOFMONTH DAYOFWEEK DAYOFYEAR decodeHTMLComponent decodeURLComponent
    decodeURLFormComponent decodeXMLComponent degrees digits distanceCosine distanceL1 distanceL2 distanceL2Squared
    distanceLinf divide divideDecimal divideOrNull domain domainRFC domainWithoutWWW domainWithoutWWWRFC dotProduct
    e empty emptyArrayDate emptyArrayDateTime emptyArrayFloat32 emptyArrayFloat64 emptyArrayInt16 emptyArrayInt32
    emptyArrayInt64 emptyArrayInt8 emptyArrayString emptyArrayUInt16 emptyArrayUInt32 emptyArrayUInt64
    emptyArrayUInt8 encodeURLComponent encodeURLFormComponent encodeXMLComponent endsWith endsWithCaseInsensitive
    endsWithCaseInsensitiveUTF8 endsWithUTF8 equals erf erfc exists exp exp10 exp2 extract extractAll
    extractAllGroups extractAllGroupsHorizontal extractAllGroupsVertical extractGroups extractKeyValuePairs
    extractKeyValuePairsWithEscaping extractURLParameter extractURLParameterNames extractURLParameters farmHash64
    firstLine firstNonDefault firstSignificantSubdomain firstSignificantSubdomainRFC flatten flattenTuple floor
    format FORMAT_BYTES formatDateTime formatDateTimeInJodaSyntax formatReadableDecimalSize formatReadableQuantity
    formatReadableSize formatReadableTimeDelta fragment FROM_BASE64 FROM_DAYS FROM_UNIXTIME from_utc_timestamp
    fromDaysSinceYearZero fromDaysSinceYearZero32 fromUnixTimestamp fromUnixTimestamp64Micro
    fromUnixTimestamp64Milli fromUnixTimestamp64Nano fromUnixTimestamp64Second fromUnixTimestampInJodaSyntax
    fromUTCTimestamp gcd generateUUIDv4 generateUUIDv7 geoDistance globalIn globalNotIn globalNotNullIn globalNullIn
    greatCircleDistance greater greaterOrEquals greatest grouping halfMD5 has hasAll hasAllToken hasAllTokens hasAny
    hasAnyToken hasAnyTokens hasPhrase hasSubstr hasToken hasTokenCaseInsensitive hasTokenCaseInsensitiveOrNull
    hasTokenOrNull hex HOUR hypot identity if ifNotFinite ifNull ignore ilike in indexOf indexOfAssumeSorted
    INET6_ATON INET6_NTOA INET_ATON INET_NTOA initcap initcapUTF8 instr intDiv intDivOrNull intDivOrZero intExp10
    intExp2 intHash32 intHash64 IPv4CIDRToRange IPv4NumToString IPv4NumToStringClassC IPv4StringToNum
    IPv4StringToNumOrDefault IPv4StringToNumOrNull IPv4ToIPv6 IPv6CIDRToRange IPv6NumToString IPv6StringToNum
    IPv6StringToNumOrDefault IPv6StringToNumOrNull isASCII isConstant isDecimalOverflow isDistinctFrom isFinite
    isInfinite isIPAddressInRange isIPv4String isIPv6String isNaN isNotDistinctFrom isNotNull isNull isNullable
    isPrime isValidASCII isValidJSON isValidUTF8 isZeroOrNull JSON_ARRAY_LENGTH JSON_EXISTS JSON_QUERY JSON_VALUE
    JSONAllPaths JSONAllPathsWithTypes JSONAllValues JSONArrayLength JSONDynamicPaths JSONDynamicPathsWithTypes
    JSONExtract JSONExtractArrayRaw JSONExtractArrayRawCaseInsensitive JSONExtractBool
    JSONExtractBoolCaseInsensitive JSONExtractCaseInsensitive JSONExtractFloat JSONExtractFloatCaseInsensitive
    JSONExtractInt JSONExtractIntCaseInsensitive JSONExtractKeys JSONExtractKeysAndValues
    JSONExtractKeysAndValuesCaseInsensitive JSONExtractKeysAndValuesRaw JSONExtractKeysAndValuesRawCaseInsensitive
    JSONExtractKeysCaseInsensitive JSONExtractRaw JSONExtractRawCaseInsensitive JSONExtractString
    JSONExtractStringCaseInsensitive JSONExtractUInt JSONExtractUIntCaseInsensitive JSONHas JSONKey JSONLength
    JSONMergePatch JSONType L1Distance L1Norm L2Distance L2Norm L2SquaredDistance lambda LAST_DAY lcase lcm least
    left leftPad leftPadUTF8 leftUTF8 length lengthUTF8 less lessOrEquals lgamma like LinfDistance LinfNorm ln
    localtimestamp locate log log10 log1p log2 lower lowerUTF8 lpad ltrim makeDate makeDate32 makeDateTime
    makeDateTime64 map MAP_FROM_ARRAYS mapAdd mapAll mapApply mapConcat mapContains mapContainsKey
    mapContainsKeyLike mapContainsValue mapContainsValueLike mapExists mapExtractKeyLike mapExtractValueLike
    mapFilter mapFromArrays mapFromString mapKeys mapPartialReverseSort mapPartialSort mapReverseSort mapSort
    mapSubtract mapUpdate mapValues match matchCaseInsensitive matchPhrase materialize max2 MD5 MICROSECOND mid
    midpoint MILLISECOND min2 minus MINUTE mismatches mod modOrNull modulo moduloLegacy moduloOrNull moduloOrZero
    MONTH monthName multiIf multiply multiplyDecimal multiSearchAllPositions multiSearchAllPositionsCaseInsensitive
    multiSearchAllPositionsCaseInsensitiveUTF8 multiSearchAllPositionsUTF8 multiSearchAny
    multiSearchAnyCaseInsensitive multiSearchAnyCaseInsensitiveUTF8 multiSearchAnyUTF8 multiSearchFirstIndex
    multiSearchFirstIndexCaseInsensitive multiSearchFirstIndexCaseInsensitiveUTF8 multiSearchFirstIndexUTF8
    multiSearchFirstPosition multiSearchFirstPositionCaseInsensitive multiSearchFirstPositionCaseInsensitiveUTF8
    multiSearchFirstPositionUTF8 murmurHash3_64 NANOSECOND NATURAL_SORT_KEY naturalSortKey negate netloc
    normalizeUTF8NFC normalizeUTF8NFD normalizeUTF8NFKC normalizeUTF8NFKCCasefold normalizeUTF8NFKD normL1 normL2
    normLinf not notEmpty notEquals notHas notILike notIn notLike notMatch notMatchCaseInsensitive notNullIn now
    now64 nullIf nullIn OCTET_LENGTH or overlay overlayUTF8 parseDateTime parseDateTime32BestEffort
    parseDateTime32BestEffortOrNull parseDateTime32BestEffortOrZero parseDateTime64 parseDateTime64BestEffort
    parseDateTime64BestEffortOrNull parseDateTime64BestEffortOrZero parseDateTime64BestEffortUS
    parseDateTime64BestEffortUSOrNull parseDateTime64BestEffortUSOrZero parseDateTime64InJodaSyntax
    parseDateTime64InJodaSyntaxOrNull parseDateTime64InJodaSyntaxOrZero parseDateTime64OrNull parseDateTime64OrZero
    parseDateTimeBestEffort parseDateTimeBestEffortOrNull parseDateTimeBestEffortOrZero parseDateTimeBestEffortUS
    parseDateTimeBestEffortUSOrNull parseDateTimeBestEffortUSOrZero parseDateTimeInJodaSyntax
    parseDateTimeInJodaSyntaxOrNull parseDateTimeInJodaSyntaxOrZero parseDateTimeOrNull parseDateTimeOrZero
    parseReadableSize parseReadableSizeOrNull parseReadableSizeOrZero parseTimeDelta path pathFull pi plus pmod
    pmodOrNull port portRFC position positionCaseInsensitive positionCaseInsensitiveUTF8 positionUTF8
    positive_modulo positive_modulo_or_null positiveModulo positiveModuloOrNull pow power prettyPrintJSON printf
    protocol QUARTER queryString queryStringAndFragment radians rand rand32 rand64 randCanonical range
    REGEXP_EXTRACT regexp_instr REGEXP_MATCHES REGEXP_REPLACE REGEXP_SUBSTR regexpExtract regexpInstr regexpPosition
    regexpQuoteMeta removeAccentsUTF8 removeDiacriticsUTF8 repeat replace replaceAll replaceOne replaceRegexpAll
    replaceRegexpOne replicate reverse reverseBySeparator reverseUTF8 right rightPad rightPadUTF8 rightUTF8 round
    roundAge roundBankers roundDown roundDuration roundToExp2 rowNumberInAllBlocks rpad rtrim scalarProduct SECOND
    SHA1 SHA256 SHA512 sigmoid sign simpleJSONExtractBool simpleJSONExtractFloat simpleJSONExtractInt
    simpleJSONExtractRaw simpleJSONExtractString simpleJSONExtractUInt simpleJSONHas sin sinh sipHash128 sipHash64
    splitByAlpha splitByChar splitByNonAlpha splitByRegexp splitByString splitByWhitespace sqr sqrt startsWith
    startsWithCaseInsensitive startsWithCaseInsensitiveUTF8 startsWithUTF8 str_to_date str_to_map stringBytesEntropy
    stringBytesUniq subDate substr substring SUBSTRING_INDEX substringIndex substringIndexUTF8 substringUTF8
    subtractDays subtractHours subtractInterval subtractMicroseconds subtractMilliseconds subtractMinutes
    subtractMonths subtractNanoseconds subtractQuarters subtractSeconds subtractTupleOfIntervals subtractWeeks
    subtractYears tan tanh tgamma time_bucket timeDiff timeSlot timeSlots timestamp_diff timestampDiff timeZone
    timeZoneOf timeZoneOffset TO_BASE64 TO_DAYS TO_UNIXTIME to_utc_timestamp toBool toColumnTypeName toDate toDate32
    toDate32OrDefault toDate32OrNull toDate32OrZero toDateOrDefault toDateOrNull toDateOrZero toDateTime
    toDateTime32 toDateTime64 toDateTime64OrDefault toDateTime64OrNull toDateTime64OrZero toDateTimeOrDefault
    toDateTimeOrNull toDateTimeOrZero today toDayOfMonth toDayOfWeek toDayOfYear toDaysInMonth toDaysSinceYearZero
    toDecimal128 toDecimal128OrDefault toDecimal128OrNull toDecimal128OrZero toDecimal256 toDecimal256OrDefault
    toDecimal256OrNull toDecimal256OrZero toDecimal32 toDecimal32OrDefault toDecimal32OrNull toDecimal32OrZero
    toDecimal64 toDecimal64OrDefault toDecimal64OrNull toDecimal64OrZero toDecimalString toFixedString toFloat32
    toFloat32OrDefault toFloat32OrNull toFloat32OrZero toFloat64 toFloat64OrDefault toFloat64OrNull toFloat64OrZero
    toHour toInt128 toInt128OrDefault toInt128OrNull toInt128OrZero toInt16 toInt16OrDefault toInt16OrNull
    toInt16OrZero toInt256 toInt256OrDefault toInt256OrNull toInt256OrZero toInt32 toInt32OrDefault toInt32OrNull
    toInt32OrZero toInt64 toInt64OrDefault toInt64OrNull toInt64OrZero toInt8 toInt8OrDefault toInt8OrNull
    toInt8OrZero toIntervalDay toIntervalHour toIntervalMicrosecond toIntervalMillisecond toIntervalMinute
    toIntervalMonth toIntervalNanosecond toIntervalQuarter toIntervalSecond toIntervalWeek toIntervalYear toIPv4
    toIPv4OrDefault toIPv4OrNull toIPv4OrZero toIPv6 toIPv6OrDefault toIPv6OrNull toIPv6OrZero toISOWeek toISOYear
    toJSONString tokens toLastDayOfMonth toLastDayOfWeek toMicrosecond toMillisecond toMinute toMonday toMonth
    toMonthNumSinceEpoch toNanosecond toNullable topLevelDomain topLevelDomainRFC toQuarter toRelativeDayNum
    toRelativeHourNum toRelativeMinuteNum toRelativeMonthNum toRelativeQuarterNum toRelativeSecondNum
    toRelativeWeekNum toRelativeYearNum toSecond toStartOfDay toStartOfFifteenMinutes toStartOfFiveMinute
    toStartOfFiveMinutes toStartOfHour toStartOfInterval toStartOfISOYear toStartOfMicrosecond toStartOfMillisecond
    toStartOfMinute toStartOfMonth toStartOfNanosecond toStartOfQuarter toStartOfSecond toStartOfTenMinutes
    toStartOfWeek toStartOfYear toString toStringCutToZero toTime toTime64 toTime64OrNull toTime64OrZero
    toTimeOrNull toTimeOrZero toTimeWithFixedDate toTimeZone toTypeName toUInt128 toUInt128OrDefault toUInt128OrNull
    toUInt128OrZero toUInt16 toUInt16OrDefault toUInt16OrNull toUInt16OrZero toUInt256 toUInt256OrDefault
    toUInt256OrNull toUInt256OrZero toUInt32 toUInt32OrDefault toUInt32OrNull toUInt32OrZero toUInt64
    toUInt64OrDefault toUInt64OrNull toUInt64OrZero toUInt8 toUInt8OrDefault toUInt8OrNull toUInt8OrZero
    toUnixTimestamp toUnixTimestamp64Micro toUnixTimestamp64Milli toUnixTimestamp64Nano toUnixTimestamp64Second
    toUTCTimestamp toUUID toUUIDOrDefault toUUIDOrNull toUUIDOrZero toValidUTF8 toWeek toYear toYearNumSinceEpoch
    toYearWeek toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss transform translate translateUTF8 trim trimBoth trimLeft
    trimRight trunc truncate tryBase32Decode tryBase58Decode tryBase64Decode tryBase64URLDecode tuple tupleConcat
    tupleDivide tupleDivideByNumber tupleElement tupleHammingDistance tupleIntDiv tupleIntDivByNumber
    tupleIntDivOrZero tupleIntDivOrZeroByNumber tupleMinus tupleModulo tupleModuloByNumber tupleMultiply
    tupleMultiplyByNumber tupleNames tupleNegate tuplePlus tuplePositiveModuloByNumber tupleToNameValuePairs ucase
    unhex unnest untuple upper upperUTF8 URLHierarchy URLPathHierarchy UTC_timestamp UTCTimestamp UUIDNumToString
    UUIDStringToNum UUIDToNum UUIDv7ToDateTime vectorDifference vectorSum version visibleWidth visitParamExtractBool
    visitParamExtractFloat visitParamExtractInt visitParamExtractRaw visitParamExtractString visitParamExtractUInt
    visitParamHas week xor xxh3 xxHash32 xxHash64 YEAR yearweek yesterday YYYYMMDDhhmmssToDateTime
    YYYYMMDDhhmmssToDateTime64 YYYYMMDDToDate YYYYMMDDToDate32
    """.split()  # noqa: SIM905 - names read best as words
)

_AGGREGATE: Final = frozenset(
    name.lower()
    for name in """
    any any_respect_nulls any_value any_value_respect_nulls anyHeavy anyLast anyLast_respect_nulls
    anyLastRespectNulls anyRespectNulls anyValueRespectNulls approx_top_count approx_top_k approx_top_sum argMax
    argMin array_agg avg avgWeighted BIT_AND BIT_OR BIT_XOR corr corrStable count COVAR_POP COVAR_SAMP covarPop
    covarPopStable covarSamp covarSampStable cume_dist deltaSum deltaSumTimestamp dense_rank denseRank entropy
    exponentialMovingAverage exponentialTimeDecayedAvg first_value first_value_respect_nulls firstValueRespectNulls
    group_concat groupArray groupArrayIntersect groupArrayLast groupArrayMovingAvg groupArrayMovingSum
    groupArraySample groupArraySorted groupBitAnd groupBitOr groupBitXor groupConcat groupUniqArray histogram
    kurtPop kurtSamp lag lagInFrame last_value last_value_respect_nulls lastValueRespectNulls lead leadInFrame max
    max_by maxIntersections maxMappedArrays median medianBFloat16 medianDD medianDeterministic medianExact
    medianExactHigh medianExactLow medianExactWeighted medianGK medianInterpolatedWeighted medianTDigest
    medianTDigestWeighted medianTiming medianTimingWeighted min min_by minMappedArrays nth_value ntile percent_rank
    percentRank quantile quantileBFloat16 quantileDD quantileDeterministic quantileExact quantileExactExclusive
    quantileExactHigh quantileExactInclusive quantileExactLow quantileExactWeighted quantileGK
    quantileInterpolatedWeighted quantiles quantilesDD quantilesDeterministic quantilesExact quantilesExactExclusive
    quantilesExactHigh quantilesExactInclusive quantilesExactLow quantilesExactWeighted quantilesGK
    quantilesInterpolatedWeighted quantilesTDigest quantilesTDigestWeighted quantilesTiming quantilesTimingWeighted
    quantileTDigest quantileTDigestWeighted quantileTiming quantileTimingWeighted rank retention row_number
    sequenceCount sequenceMatch simpleLinearRegression singleValueOrNull skewPop skewSamp sparkBar STD STDDEV
    STDDEV_POP STDDEV_SAMP stddevPop stddevPopStable stddevSamp stddevSampStable string_agg sum sumCount sumKahan
    sumMapFiltered sumMappedArrays sumWithOverflow topK topKWeighted uniq uniqCombined uniqCombined64 uniqExact
    uniqHLL12 uniqUpTo VAR_POP VAR_SAMP varPop varPopStable varSamp varSampStable windowFunnel
    """.split()  # noqa: SIM905 - names read best as words
)
