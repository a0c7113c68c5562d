"""Texts the proxy has inspected, and what an agent answers about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class GuardrailInspectionType(str, Enum):
    """What to look for."""

    PROMPT_INJECTION = "prompt_injection"
    PII_DETECTION = "pii_detection"


class DetectionSeverity(str, Enum):
    """How bad a detection is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass
class TextSpan:
    """Where in the text something stands. Unit: bytes of UTF-8."""

    start: int
    end: int

    def to_dict(self) -> dict[str, int]:
        return {"start": self.start, "end": self.end}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TextSpan:
        return cls(start=int(data["start"]), end=int(data["end"]))


@dataclass
class GuardrailDetection:
    """One thing found."""

    category: str
    description: str
    severity: DetectionSeverity = DetectionSeverity.MEDIUM
    confidence: float | None = None
    span: TextSpan | None = None

    def with_severity(self, severity: DetectionSeverity) -> GuardrailDetection:
        self.severity = severity
        return self

    def with_confidence(self, confidence: float) -> GuardrailDetection:
        self.confidence = confidence
        return self

    def with_span(self, start: int, end: int) -> GuardrailDetection:
        self.span = TextSpan(start, end)
        return self

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "category": self.category,
            "description": self.description,
            "severity": DetectionSeverity(self.severity).value,
        }
        if self.confidence is not None:
            data["confidence"] = self.confidence
        if self.span is not None:
            data["span"] = self.span.to_dict()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GuardrailDetection:
        span = data.get("span")
        return cls(
            category=data["category"],
            description=data["description"],
            severity=DetectionSeverity(data.get("severity", "medium")),
            confidence=data.get("confidence"),
            span=TextSpan.from_dict(span) if span is not None else None,
        )


@dataclass
class GuardrailResponse:
    """What was found in a text."""

    detected: bool = False
    confidence: float = 0.0
    detections: list[GuardrailDetection] = field(default_factory=list)
    redacted_content: str | None = None

    @classmethod
    def clean(cls) -> GuardrailResponse:
        """Nothing was found."""
        return cls()

    @classmethod
    def with_detection(cls, detection: GuardrailDetection) -> GuardrailResponse:
        """One thing was found."""
        return cls(confidence=1.0 if detection.confidence is None else 0.0).add_detection(detection)

    def add_detection(self, detection: GuardrailDetection) -> GuardrailResponse:
        """Adds a thing that was found; the whole is as sure as its surest part."""
        self.detected = True
        self.confidence = max(self.confidence, detection.confidence or 0.0)
        self.detections.append(detection)
        return self

    def with_redacted_content(self, content: str) -> GuardrailResponse:
        self.redacted_content = content
        return self

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "detected": self.detected,
            "confidence": self.confidence,
            "detections": [detection.to_dict() for detection in self.detections],
        }
        if self.redacted_content is not None:
            data["redacted_content"] = self.redacted_content
        return data


@dataclass
class GuardrailInspectEvent:
    """A text to be inspected."""

    correlation_id: str
    inspection_type: GuardrailInspectionType
    content: str
    model: str | None = None
    categories: list[str] = field(default_factory=list)
    route_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GuardrailInspectEvent:
        return cls(
            correlation_id=data["correlation_id"],
            inspection_type=GuardrailInspectionType(data["inspection_type"]),
            content=data["content"],
            model=data.get("model"),
            categories=list(data.get("categories") or []),
            route_id=data.get("route_id"),
            metadata=dict(data.get("metadata") or {}),
        )
