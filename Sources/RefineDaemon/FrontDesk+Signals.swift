import BusTransport
import RefineBus

extension FrontDesk {
    /// Sends what the service has to tell, until it stops. What concerns a job goes to its owner and to nobody else.
    func sendNotices() async {
        for await notice in service.notices {
            do {
                try await send(notice)
            } catch {
                log.warning("a signal was not sent", metadata: ["error": "\(error)"])
            }
        }
    }

    private func send(_ notice: JobNotice) async throws {
        switch notice {
        case .added(let path, let properties, let owner):
            try await bus.emit(
                path: RefineNames.root, interface: StandardNames.objectManager, member: "InterfacesAdded",
                [.objectPath(BusObjectPath(path)), Self.interfaces(properties)], to: owner)
        case .changed(let path, let values, let owner):
            try await bus.emit(
                path: path, interface: StandardNames.properties, member: "PropertiesChanged",
                [.string(RefineNames.job), .options(values), [String]().busValue], to: owner)
        case .completed(let path, let error, let owner):
            try await bus.emit(
                path: path, interface: RefineNames.job, member: "Completed",
                [.bool(error == nil), .string(error?.name ?? "")], to: owner)
        case .removed(let path, let owner):
            try await bus.emit(
                path: RefineNames.root, interface: StandardNames.objectManager, member: "InterfacesRemoved",
                [.objectPath(BusObjectPath(path)), [RefineNames.job].busValue], to: owner)
        case .listed(let job):
            try await bus.emit(
                path: RefineNames.root, interface: RefineNames.manager, member: "JobChanged",
                [job.number.busValue, job.busValue])
        case .unlisted(let number, let error):
            try await bus.emit(
                path: RefineNames.root, interface: RefineNames.manager, member: "JobEnded",
                [number.busValue, .bool(error == nil), .string(error?.name ?? "")])
        case .modelChanged:
            let changed: BusValue = .options(["Model": await service.model.busValue])
            try await bus.emit(
                path: RefineNames.root, interface: StandardNames.properties, member: "PropertiesChanged",
                [.string(RefineNames.manager), changed, ["Capabilities"].busValue])
            guard let models = parts.first(where: { $0.interface.name == RefineNames.models }),
                let active = await models.property("Active")
            else { return }
            try await bus.emit(
                path: RefineNames.root, interface: StandardNames.properties, member: "PropertiesChanged",
                [.string(RefineNames.models), .options(["Active": active]), [String]().busValue])
        }
    }
}
