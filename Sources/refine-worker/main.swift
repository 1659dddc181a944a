import Glibc
import WorkerRoles

exit(WorkerMain.run(arguments: CommandLine.arguments))
