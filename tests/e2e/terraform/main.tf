# Most of what Terraform has around a function; `number` changes nearly all of it in place.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.80" }
  }
}
variable "number" { type = number }
variable "runtime" {}
provider "aws" {
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
data "aws_region" "here" {}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}
data "aws_iam_policy_document" "send" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["*"]
  }
}
resource "aws_iam_role" "role" {
  name               = "shop-role"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  description        = "number ${var.number}"
  tags               = { n = tostring(var.number) }
}
resource "aws_iam_policy" "send" {
  name   = "shop-send"
  policy = data.aws_iam_policy_document.send.json
}
resource "aws_iam_role_policy_attachment" "send" {
  role       = aws_iam_role.role.name
  policy_arn = aws_iam_policy.send.arn
}
resource "aws_iam_role_policy" "inline" {
  role   = aws_iam_role.role.id
  name   = "inline"
  policy = data.aws_iam_policy_document.send.json
}
resource "aws_kms_key" "key" {
  description = "for variables"
}
resource "aws_kms_alias" "key" {
  name          = "alias/shop"
  target_key_id = aws_kms_key.key.key_id
}
resource "aws_sns_topic" "news" { name = "shop-news" }
resource "aws_lambda_layer_version" "layer" {
  count      = 2
  layer_name = "shop-layer${count.index}"
  filename   = "layer.zip"
}
resource "aws_lambda_layer_version_permission" "all" {
  layer_name     = aws_lambda_layer_version.layer[0].layer_name
  version_number = aws_lambda_layer_version.layer[0].version
  statement_id   = "everybody"
  action         = "lambda:GetLayerVersion"
  principal      = "*"
}
resource "aws_lambda_code_signing_config" "c" {
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/abcdefghij"]
  }
  policies { untrusted_artifact_on_deployment = "Warn" }
}
resource "aws_lambda_function" "f" {
  function_name                  = "shop-f"
  role                           = aws_iam_role.role.arn
  runtime                        = var.runtime
  handler                        = "app.handler"
  filename                       = "code${var.number}.zip"
  source_code_hash               = filebase64sha256("code${var.number}.zip")
  layers                         = [aws_lambda_layer_version.layer[var.number - 1].arn]
  publish                        = true
  reserved_concurrent_executions = var.number == 1 ? 5 : -1
  kms_key_arn                    = aws_kms_key.key.arn
  code_signing_config_arn        = aws_lambda_code_signing_config.c.arn
  architectures                  = ["x86_64"]
  description                    = "number ${var.number}"
  ephemeral_storage { size = 1024 }
  dead_letter_config { target_arn = aws_sns_topic.news.arn }
  tracing_config { mode = "Active" }
  logging_config {
    log_format            = "JSON"
    application_log_level = "DEBUG"
    system_log_level      = "WARN"
  }
  environment { variables = { NUMBER = tostring(var.number) } }
}
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.f.function_name
  function_version = "1"
  dynamic "routing_config" {
    for_each = var.number == 1 ? [] : [1]
    content { additional_version_weights = { "2" = 0.5 } }
  }
}
resource "aws_lambda_provisioned_concurrency_config" "p" {
  function_name                     = aws_lambda_function.f.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = 1
}
resource "aws_lambda_runtime_management_config" "r" {
  function_name     = aws_lambda_function.f.function_name
  update_runtime_on = var.number == 1 ? "FunctionUpdate" : "Auto"
}
resource "aws_lambda_function_recursion_config" "r" {
  function_name  = aws_lambda_function.f.function_name
  recursive_loop = "Allow"
}
resource "aws_lambda_function_event_invoke_config" "e" {
  function_name = aws_lambda_function.f.function_name
  destination_config {
    on_failure { destination = aws_sns_topic.news.arn }
  }
}
resource "aws_sns_topic_subscription" "s" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_alias.live.arn
}
resource "aws_lambda_permission" "sns" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.f.arn
  qualifier     = aws_lambda_alias.live.name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.news.arn
}
resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/shop-f"
  retention_in_days = 7
}
resource "aws_lambda_function_url" "url" {
  function_name      = aws_lambda_function.f.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"
  cors { allow_origins = ["*"] }
}
resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn = "arn:aws:sqs:us-east-1:123456789012:orders"
  function_name    = aws_lambda_alias.live.arn
  batch_size       = 5 * var.number
  tags             = { team = "blue" }
  filter_criteria {
    filter { pattern = jsonencode({ body = { kind = ["new"] } }) }
  }
  scaling_config { maximum_concurrency = 2 }
}
resource "aws_lambda_event_source_mapping" "kinesis" {
  event_source_arn                   = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
  function_name                      = aws_lambda_function.f.function_name
  starting_position                  = "TRIM_HORIZON"
  maximum_retry_attempts             = 3 * var.number
  maximum_batching_window_in_seconds = 5
  bisect_batch_on_function_error     = true
  destination_config {
    on_failure { destination_arn = aws_sns_topic.news.arn }
  }
}
resource "aws_lambda_event_source_mapping" "table" {
  event_source_arn            = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-01T00:00:00.000"
  function_name               = aws_lambda_function.f.arn
  starting_position           = "LATEST"
  enabled                     = var.number == 1
  tumbling_window_in_seconds  = 30
  function_response_types     = ["ReportBatchItemFailures"]
}
resource "aws_lambda_event_source_mapping" "msk" {
  event_source_arn  = "arn:aws:kafka:us-east-1:123456789012:cluster/c/0a1b2c3d-0000-0000-0000-000000000000-1"
  function_name     = aws_lambda_function.f.arn
  topics            = ["topic"]
  starting_position = "TRIM_HORIZON"
}
resource "aws_lambda_event_source_mapping" "own" {
  function_name     = aws_lambda_function.f.arn
  topics            = ["topic"]
  starting_position = "LATEST"
  self_managed_event_source {
    endpoints = { KAFKA_BOOTSTRAP_SERVERS = "b:9092,a:9092" }
  }
  source_access_configuration {
    type = "BASIC_AUTH"
    uri  = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"
  }
}
resource "aws_lambda_event_source_mapping" "mq" {
  event_source_arn = "arn:aws:mq:us-east-1:123456789012:broker:b:b-0a1b2c3d-0000-0000-0000-000000000000"
  function_name    = aws_lambda_function.f.arn
  queues           = ["q"]
  batch_size       = 10
  source_access_configuration {
    type = "BASIC_AUTH"
    uri  = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"
  }
}
data "aws_lambda_function" "f" {
  function_name = aws_lambda_function.f.function_name
  depends_on    = [aws_lambda_alias.live]
}
resource "aws_lambda_invocation" "i" {
  function_name = aws_lambda_function.f.function_name
  input         = jsonencode({ n = var.number })
}
output "result" { value = aws_lambda_invocation.i.result }
output "version" { value = data.aws_lambda_function.f.version }
