import BusTransport

/// A job as all programs of the user may see it: how far it is, and whose it is. It neither holds the path, which is the
/// key to a detached job's result, nor anything of the photo.
public struct JobSummary: Sendable, Equatable {
    /// What `Manager.CancelJob` takes. Counts up as long as the daemon runs.
    public var number: UInt32
    public var properties: JobProperties
    /// The unique name of the connection that started it; empty where that has left.
    public var owner: String
    public var isDetached: Bool

    public init(number: UInt32, properties: JobProperties, owner: String, isDetached: Bool) {
        self.number = number
        self.properties = properties
        self.owner = owner
        self.isDetached = isDetached
    }

    /// The entries of the documentation: those of the job's properties, and three more.
    public var busValue: BusValue {
        let more = ["Number": number.busValue, "Owner": owner.busValue, "Detached": isDetached.busValue]
        return .options(properties.busValues.merging(more) { $1 })
    }

    /// Reads what `ListJobs` and `JobChanged` tell; nil where a documented entry is missing or of another type.
    public init?(_ value: BusValue) {
        guard let values = value.options, let number: UInt32 = values["Number"]?.content(),
            let owner: String = values["Owner"]?.content(), let isDetached: Bool = values["Detached"]?.content(),
            JobProperties().busValues.allSatisfy({ values[$0.key]?.type == $0.value.type })
        else { return nil }
        var properties = JobProperties()
        properties.update(values)
        self.init(number: number, properties: properties, owner: owner, isDetached: isDetached)
    }
}
