import FoundationEssentials
import ImageCodec
import WorkerProtocol

/// Does what is slow the first time, with nothing but what is built in: a template once for all of its copies, and a copy,
/// which has to make its memory its own, while it waits for its job. Starts no thread.
enum Rehearsal {
    static func run() {
        CodecLibrary.rehearse()
        let layout = PixelLayout(width: 1, height: 1, bitDepth: 8)
        let box = FillBox(x: 0, y: 0, width: 1, height: 1)
        let requests: [WorkerRequest] = [
            .decode(DecodeOptions(boxes: [box])), .encode(layout, box, EncodeOptions(quality: 1)),
        ]
        for request in requests {
            let job = try? JSONEncoder().encode(WorkerJob(limits: WorkerLimits(), request: request))
            _ = job.flatMap { try? JSONDecoder().decode(WorkerJob.self, from: $0) }
        }
        let replies: [WorkerReply] = [
            .copied(0), .encoded(EncodedHeader(format: "png", notes: ["lossless"])),
            .decoded(
                DecodedHeader(layout: layout, format: "png", hasAlpha: false, warnings: [], maskedFraction: 0.5)),
        ]
        for reply in replies { _ = try? JSONEncoder().encode(reply) }
    }
}
