// A converter that never throws: a signal whose payload cannot be decoded would fail the workflow task for ever, before any handler could
// refuse it. What cannot be decoded arrives as a marked value, which the command handlers record as a bad signal.
import { CompositePayloadConverter, JsonPayloadConverter, BinaryPayloadConverter, UndefinedPayloadConverter, type Payload } from '@temporalio/common';

class ForgivingConverter extends CompositePayloadConverter {
  override fromPayload<T>(payload: Payload): T {
    try {
      return super.fromPayload<T>(payload);
    } catch (error) {
      return { tidegateUndecodable: error instanceof Error ? error.message.slice(0, 200) : 'unknown encoding' } as T;
    }
  }
}

export const payloadConverter = new ForgivingConverter(new UndefinedPayloadConverter(), new BinaryPayloadConverter(), new JsonPayloadConverter());
