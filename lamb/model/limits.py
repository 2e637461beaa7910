"""AWS's quotas and defaults, with the page or recording each number comes from.

Pages are those of the AWS Lambda Developer Guide (2026) unless another source is named.
"""

from __future__ import annotations

# gettingstarted-limits: "Function timeout"
TIMEOUT_S = range(1, 901)
TIMEOUT_DEFAULT_S = 3

# gettingstarted-limits: "Function memory allocation"; the API model itself allows up to 32768
MEMORY_MB = range(128, 10_241)
MEMORY_MODEL_MAX_MB = 32_768
MEMORY_DEFAULT_MB = 128
# configuration-memory: "At 1,769 MB, a function has the equivalent of one vCPU"
MEMORY_MB_PER_VCPU = 1769

# gettingstarted-limits: "/tmp directory storage"
EPHEMERAL_STORAGE_MB = range(512, 10_241)
EPHEMERAL_STORAGE_DEFAULT_MB = 512

# gettingstarted-limits: "Function environment variables"; measured on the compact JSON (recorded)
ENVIRONMENT_MAX_BYTES = 4096

# gettingstarted-limits: "Deployment package (.zip file archive) size"
ZIP_MAX_BYTES = 52_428_800
UNZIPPED_MAX_BYTES = 262_144_000
# As recorded, the text being "Request must be smaller than … bytes for the … operation"
CREATE_REQUEST_MAX_BYTES = 70_167_211
CONFIGURE_REQUEST_MAX_BYTES = 5120

# gettingstarted-limits: "Invocation payload"
INVOKE_REQUEST_MAX_BYTES = 6_291_456
INVOKE_RESPONSE_MAX_BYTES = 6_291_556
ASYNC_REQUEST_MAX_BYTES = 1_048_576
# InvokeAsync, deprecated, still has what asynchronous events had before October 2025
INVOKE_ASYNC_REQUEST_MAX_BYTES = 262_144
CLIENT_CONTEXT_MAX_BYTES = 3583

# gettingstarted-limits, the rows of file descriptors and of execution processes and threads
OPEN_FILES = 1024
PROCESSES = 1024

# gettingstarted-limits: "Concurrent executions"; configuration-concurrency: 100 stay unreserved
CONCURRENT_EXECUTIONS = 1000

# gettingstarted-limits: "Function resource-based policy", 20 KB
POLICY_MAX_BYTES = 20_480
LAYERS_MAX = 5
TAGS_MAX = 50
# API_GetFunction: a link to the deployment package "that's valid for 10 minutes"
LINK_VALID_S = 600
DESCRIPTION_MAX = 256
HANDLER_MAX = 128
FUNCTION_NAME_MAX = 64
ALIAS_NAME_MAX = 128

# lambda-runtime-environment: the Init phase is limited to 10 seconds
INIT_MAX_S = 10.0
# the same page: with provisioned concurrency 130 seconds, or the function's timeout if that is more
PROVISIONED_INIT_S = 130.0
# recorded: LogResult holds the last 4 KB of the execution log
LOG_TAIL_BYTES = 4096
# list operations: functions and versions come in pages of at most 50
PAGE_MAX = 50
# recorded in GetAccountSettings
CODE_STORAGE_MAX_BYTES = 80_530_636_800

# invocation-async-error-handling: "Maximum age of event" and "Retry attempts"
EVENT_AGE_S = range(60, 21_601)
EVENT_AGE_MAX_S = 21_600
EVENT_RETRIES_MAX = 2
# the same page: one minute before the first retry, two before the second
RETRY_BASE_S = 60.0
# configuration-concurrency: "You must leave at least 100 units of concurrency unreserved"
UNRESERVED_MIN = 100
# lambda-concurrency: "each function can scale by 1,000 execution environments every 10 seconds"
SCALING_ENVIRONMENTS = 1000
SCALING_WINDOW_S = 10.0

# quotas-messages: "The maximum is 1,048,576 bytes (1 MiB)"; the same for all messages of a batch together
MESSAGE_MAX_BYTES = 1_048_576
BATCH_MAX = 10
# quotas-queues, "In-flight messages": 120,000, of FIFO queues too since November 2024
IN_FLIGHT_MAX = 120_000
# using-messagededuplicationid-property: "the 5-minute deduplication interval"
DEDUPLICATION_S = 300
# ChangeMessageVisibility: at most 12 hours from the receive on
VISIBILITY_MAX_S = 43_200
# PurgeQueue: one in 60 seconds
PURGE_AGAIN_S = 60
# StartMessageMoveTask, its bound on messages a second
MOVES_PER_SECOND_MAX = 500
# CloudWatch concepts, "Metrics retention": "Data points with a period of 60 seconds (1 minute) are available
# for 15 days"
METRICS_KEPT_DAYS = 15
# invocation-recursion: "approximately 16 times in the same chain of requests"
RECURSION_MAX = 16
# SQS, MessageRetentionPeriod: 14 days at the most; lamb keeps its own dead letters as long
DEAD_LETTERS_KEPT_S = 14 * 86_400
# with-sqs: batches of more than 10 messages need a batching window, and FIFO queues have none
QUEUE_BATCH_MAX = 10
# invocation-eventfiltering: "up to five different filters"
FILTERS_MAX = 5
# API reference, MaximumRecordAgeInSeconds: "The minimum valid value for maximum record age is 60s"
RECORD_AGE_MIN_S = 60
# API reference, ListEventSourceMappings: "a maximum of 100 items in each response"
MAPPINGS_PAGE_MAX = 100
