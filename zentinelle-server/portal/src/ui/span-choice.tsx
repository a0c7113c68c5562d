// One of a few, side by side: a span of time, a measure, a way to group.
"use client";
import { NativeSelect, SegmentGroup } from "@chakra-ui/react";

interface Choices {
  label: string;
  value: string;
  choices: readonly { value: string; label: string }[];
  choose: (value: string) => void;
}

export function SpanChoice({ label, value, choices, choose }: Choices) {
  return (
    <SegmentGroup.Root size="xs" value={value} onValueChange={(change) => change.value && choose(change.value)} aria-label={label}>
      <SegmentGroup.Indicator />
      {choices.map((one) => (
        <SegmentGroup.Item key={one.value} value={one.value}>
          <SegmentGroup.ItemText>{one.label}</SegmentGroup.ItemText>
          <SegmentGroup.ItemHiddenInput />
        </SegmentGroup.Item>
      ))}
    </SegmentGroup.Root>
  );
}

/** The same, where there are too many to stand side by side. */
export function SmallSelect({ label, value, choices, choose }: Choices) {
  return (
    <NativeSelect.Root size="xs" w="auto" minW="8rem">
      <NativeSelect.Field aria-label={label} value={value} onChange={(event) => choose(event.target.value)}>
        {choices.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
      </NativeSelect.Field>
      <NativeSelect.Indicator />
    </NativeSelect.Root>
  );
}
