// A converter that never throws: a signal whose payload cannot be decoded would fail the workflow task for ever, before any handler could
// refuse it. What cannot be decoded arrives as a marked value, which the command handlers record as a bad signal.
import { CompositePayloadConverter, JsonPayloadConverter, BinaryPayloadConverter, UndefinedPayloadConverter, type Payload } from '@temporalio/common';

/** Text by the platform's own decoder (in the workflow's sandbox the SDK stands in for it): each look reads its input and its memory, tens of KiB. */
class QuickJsonConverter extends JsonPayloadConverter {
  private readonly text = new TextDecoder();
  override fromPayload<T>(payload: Payload): T {
    if (payload.data == null) return super.fromPayload<T>(payload);
    return JSON.parse(this.text.decode(payload.data)) as T;
  }
}

class ForgivingConverter extends CompositePayloadConverter {
  override fromPayload<T>(payload: Payload): T {
    try {
      return super.fromPayload<T>(payload);
    } catch (error) {
      return { tidegateUndecodable: error instanceof Error ? error.message.slice(0, 200) : 'unknown encoding' } as T;
    }
  }
}

export const payloadConverter = new ForgivingConverter(new UndefinedPayloadConverter(), new BinaryPayloadConverter(), new QuickJsonConverter());
