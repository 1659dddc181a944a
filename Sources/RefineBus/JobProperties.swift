import BusTransport

/// The properties of a job.
public struct JobProperties: Sendable, Equatable {
    public var operation = "inpaint"
    /// 0 to 1.
    public var progress = 0.0
    public var progressValid = false
    /// Microseconds since 1970; 0 while the job waits.
    public var startTime: UInt64 = 0
    /// Microseconds since 1970; 0 while nothing is known.
    public var expectedEndTime: UInt64 = 0
    public var cancelable = true
    public var stage = "queued"

    public init() {}

    public var busValues: [String: BusValue] {
        [
            "Operation": operation.busValue, "Progress": progress.busValue, "ProgressValid": progressValid.busValue,
            "StartTime": startTime.busValue, "ExpectedEndTime": expectedEndTime.busValue,
            "Cancelable": cancelable.busValue, "Stage": stage.busValue,
        ]
    }

    /// Takes over what `PropertiesChanged` or `GetAll` tells; unknown names are of a newer daemon and are ignored.
    public mutating func update(_ values: [String: BusValue]) {
        operation = values["Operation"]?.content() ?? operation
        progress = values["Progress"]?.content() ?? progress
        progressValid = values["ProgressValid"]?.content() ?? progressValid
        startTime = values["StartTime"]?.content() ?? startTime
        expectedEndTime = values["ExpectedEndTime"]?.content() ?? expectedEndTime
        cancelable = values["Cancelable"]?.content() ?? cancelable
        stage = values["Stage"]?.content() ?? stage
    }

    /// The values that differ from those of `earlier`.
    public func changes(since earlier: JobProperties) -> [String: BusValue] {
        let old = earlier.busValues
        return busValues.filter { old[$0.key] != $0.value }
    }
}
