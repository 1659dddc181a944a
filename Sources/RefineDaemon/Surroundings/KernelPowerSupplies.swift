import Foundation
import Personalization

/// Mains and batteries as the kernel lists them in `/sys/class/power_supply` (Documentation/ABI/testing/sysfs-class-power).
package struct KernelPowerSupplies {
    private let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    /// `absent` where no battery supplies the machine: then it is on mains.
    package var reading: Reading<PowerSupply> {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return .absent }
        var percentages: [Double?] = [], isDischarging = false, isMainsOnline: Bool?
        for name in names.sorted() {
            switch text(name, "type") {
            // Batteries of mice and headphones have the scope Device.
            case "Battery" where text(name, "scope") != "Device" && text(name, "present") != "0":
                percentages.append(text(name, "capacity").flatMap(Double.init))
                if text(name, "status") == "Discharging" { isDischarging = true }
            case "Mains", "USB":
                guard let online = text(name, "online") else { continue }
                isMainsOnline = (isMainsOnline ?? false) || online == "1"
            default: continue
            }
        }
        guard !percentages.isEmpty else { return .absent }
        let known = percentages.compactMap { $0 }
        guard known.count == percentages.count, known.allSatisfy({ (0...100).contains($0) }) else { return .unknown }
        // Plugged in and discharging all the same: the supply is too weak.
        let isOnBattery = isDischarging || isMainsOnline == false
        return .known(PowerSupply(onBattery: isOnBattery, percentage: known.reduce(0, +) / Double(known.count)))
    }

    private func text(_ supply: String, _ attribute: String) -> String? {
        guard let text = SmallFile.text("\(folder)/\(supply)/\(attribute)") else { return nil }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
