using Microsoft.Extensions.Logging;

namespace Flotilla.Simulation;

internal static partial class SimulationLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Leases of simulated nodes could not be renewed; the next round tries again")]
    public static partial void NotRenewed(ILogger logger, Exception error);
}
