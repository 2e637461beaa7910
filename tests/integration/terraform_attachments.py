"""What Terraform's AWS provider asks of AWS for what is attached to a function. See terraform.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integration.terraform import Resource, State, found, until


@dataclass
class Attachment(Resource):
    """What belongs to a function, or to one of its aliases or versions."""

    def named(self) -> dict[str, str]:
        qualifier = {"Qualifier": self.config["qualifier"]} if "qualifier" in self.config else {}
        return {"FunctionName": self.config["function_name"], **qualifier}


@dataclass
class FunctionUrl(Attachment):
    def _members(self) -> dict[str, Any]:
        return {**self.named(), "AuthType": self.config["authorization_type"], "InvokeMode": "BUFFERED"}

    def create(self) -> None:
        cors = {"Cors": self.config["cors"]} if "cors" in self.config else {}
        self.aws.create_function_url_config(**self._members(), **cors)
        if self.config["authorization_type"] == "NONE":
            # What is public needs a policy, too, and stays behind when the URL goes.
            self.aws.add_permission(
                **self.named(),
                Action="lambda:InvokeFunctionUrl",
                Principal="*",
                StatementId="FunctionURLAllowPublicAccess",
                FunctionUrlAuthType="NONE",
            )

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_function_url_config(**self.named()))
        if answer is None:
            return None
        return {
            "authorization_type": answer["AuthType"],
            "cors": answer.get("Cors"),
            "function_arn": answer["FunctionArn"],
            "function_url": answer["FunctionUrl"],
            "invoke_mode": answer["InvokeMode"],
        }

    def update(self, changed: Mapping[str, Any]) -> None:
        given = {"authorization_type": "AuthType", "cors": "Cors"}
        members = {given[name]: value for name, value in changed.items()}
        self.aws.update_function_url_config(**self.named(), **members)

    def destroy(self) -> None:
        self.aws.delete_function_url_config(**self.named())


@dataclass
class EventInvokeConfig(Attachment):
    def _members(self) -> dict[str, Any]:
        config = self.config
        to = {"DestinationConfig": {"OnFailure": {"Destination": config["on_failure"]}}}
        return {
            **self.named(),
            **(to if config.get("on_failure") else {}),
            "MaximumRetryAttempts": config["maximum_retry_attempts"],
            "MaximumEventAgeInSeconds": config["maximum_event_age_in_seconds"],
        }

    def create(self) -> None:
        self.aws.put_function_event_invoke_config(**self._members())

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_function_event_invoke_config(**self.named()))
        if answer is None:
            return None
        destinations = answer["DestinationConfig"]
        return {
            "on_failure": destinations.get("OnFailure", {}).get("Destination"),
            "on_success": destinations.get("OnSuccess", {}).get("Destination"),
            "maximum_event_age_in_seconds": answer["MaximumEventAgeInSeconds"],
            "maximum_retry_attempts": answer["MaximumRetryAttempts"],
        }

    def update(self, changed: Mapping[str, Any]) -> None:
        self.aws.put_function_event_invoke_config(**self._members())

    def destroy(self) -> None:
        self.aws.delete_function_event_invoke_config(**self.named())


@dataclass
class ProvisionedConcurrency(Attachment):
    def create(self) -> None:
        amount = self.config["provisioned_concurrent_executions"]
        self.aws.put_provisioned_concurrency_config(**self.named(), ProvisionedConcurrentExecutions=amount)
        until(
            lambda: self.aws.get_provisioned_concurrency_config(**self.named()),
            lambda shown: shown["Status"] == "READY",
        )

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_provisioned_concurrency_config(**self.named()))
        if answer is None:
            return None
        return {"provisioned_concurrent_executions": answer["AllocatedProvisionedConcurrentExecutions"]}

    def update(self, changed: Mapping[str, Any]) -> None:
        self.create()

    def destroy(self) -> None:
        self.aws.delete_provisioned_concurrency_config(**self.named())


@dataclass
class CodeSigningConfig(Resource):
    arn: str = ""

    def create(self) -> None:
        answer = self.aws.create_code_signing_config(
            AllowedPublishers={"SigningProfileVersionArns": self.config["publishers"]},
            CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"},
            Description="",
        )
        self.arn = answer["CodeSigningConfig"]["CodeSigningConfigArn"]

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_code_signing_config(CodeSigningConfigArn=self.arn))
        if answer is None:
            return None
        shown = answer["CodeSigningConfig"]
        return {"tags": self.aws.list_tags(Resource=self.arn)["Tags"], **shown}

    def update(self, changed: Mapping[str, Any]) -> None:
        self.aws.update_code_signing_config(CodeSigningConfigArn=self.arn, Description=changed["description"])

    def destroy(self) -> None:
        self.aws.delete_code_signing_config(CodeSigningConfigArn=self.arn)
