using Flotilla.Client;
using Microsoft.Extensions.Logging;

namespace Flotilla.Controllers;

/// <summary>What every controller works with.</summary>
public sealed record ControllerContext(
    IObjectClient Client, InformerSet Informers, TimeProvider Time, ILoggerFactory Loggers, ControllerOptions Options);
