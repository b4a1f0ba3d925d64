"""What the tests ask Dagster's GraphQL interface, which is what the user interface asks."""

from __future__ import annotations

CHAIN = (
    "tweets",
    "tweet_embeddings",
    "tweet_scores",
    "comment_opportunities",
    "comment_suggestions",
    "suggestion_digest",
)

ASSETS = "{ assetNodes { assetKey { path } } }"

BACKFILL = """mutation ($assets: [AssetKeyInput!]!, $hours: [String!]!, $config: RunConfigData!) {
    launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $hours, runConfigData: $config}) {
        __typename
        ... on LaunchBackfillSuccess { backfillId }
        ... on PythonError { message }
    }
}"""

LAUNCH = """mutation ($hour: String!) {
    launchRun(executionParams: {
        selector: {
            repositoryLocationName: "viral_assets", repositoryName: "__repository__", jobName: "hourly_pipeline"
        },
        executionMetadata: {tags: [{key: "dagster/partition", value: $hour}]}
    }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""

BACKFILL_STATUS = """query ($id: String!) {
    partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status error { message } } }
}"""

CANCEL_BACKFILL = """mutation ($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename } }"""

RUNS = """query ($filter: RunsFilter!) {
    runsOrError(filter: $filter) { ... on Runs { results { runId status tags { key value } } } }
}"""

RUN = """query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"""

EVENTS = """query ($id: ID!) {
    runOrError(runId: $id) { ... on Run { eventConnection(limit: 1000) { events {
        __typename
        ... on MessageEvent { message stepKey }
        ... on EngineEvent { metadataEntries { label ... on TextMetadataEntry { text } } }
    } } } }
}"""

MATERIALIZATIONS = """query ($asset: AssetKeyInput!) {
    assetOrError(assetKey: $asset) { ... on Asset { assetMaterializations(limit: 500) {
        partition
        metadataEntries { label ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue } }
    } } }
}"""

CHECKS = """query ($asset: AssetKeyInput!) {
    assetNodeOrError(assetKey: $asset) { ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks {
        name
    } } } } }
}"""

CHECK_EXECUTIONS = """query ($asset: AssetKeyInput!, $check: String!) {
    assetCheckExecutions(assetKey: $asset, checkName: $check, limit: 500) {
        status evaluation { success partition }
    }
}"""

START_SENSOR = """mutation ($name: String!) {
    startSensor(sensorSelector: {
        repositoryLocationName: "viral_assets", repositoryName: "__repository__", sensorName: $name
    }) { __typename ... on Sensor { sensorState { id } } ... on PythonError { message } }
}"""

START_SCHEDULE = """mutation ($name: String!) {
    startSchedule(scheduleSelector: {
        repositoryLocationName: "viral_assets", repositoryName: "__repository__", scheduleName: $name
    }) { __typename ... on ScheduleStateResult { scheduleState { id } } ... on PythonError { message } }
}"""

SENSOR_TICKS = """query ($name: String!) {
    sensorOrError(sensorSelector: {
        repositoryLocationName: "viral_assets", repositoryName: "__repository__", sensorName: $name
    }) { ... on Sensor { sensorState { ticks(limit: 5) { status runIds skipReason error { message } } } } }
}"""

SCHEDULE_TICKS = """query ($name: String!) {
    scheduleOrError(scheduleSelector: {
        repositoryLocationName: "viral_assets", repositoryName: "__repository__", scheduleName: $name
    }) { ... on Schedule { scheduleState { ticks(limit: 5) { status runIds skipReason error { message } } } } }
}"""
