using System.CommandLine;
using Flotilla.Commands;
using Flotilla.Commands.Nodes;
using Flotilla.Local;

var root = new RootCommand("Flotilla runs containers across machines and speaks the Kubernetes API.")
{
    UpCommand.Create(),
    DownCommand.Create(),
    StatusCommand.Create(),
    KubeconfigCommand.Create(),
    DockerEnvCommand.Create(),
    ImageCommand.Create(),
    WhyCommand.Create(),
    SimulateCommand.Create(),
    RotateCommand.Create(),
    CaCommand.Create(),
    BackupCommand.Create(),
    RestoreCommand.Create(),
    DatastoreCommand.Create(),
    GatewayApiCommand.Create(),
    UpgradeCommand.Create(),
    VersionCommand.Create(),
    NodeCommand.Create(),
    TokenCommand.Create(),
    ServiceCommand.Create(),
    LogsCommand.Create(),
    PauseCommand.Create(),
    PauseCommand.CreateResume(),
    ConvertCommand.Create(),
    ImportCommand.Create(),
    CompletionCommand.Create(),
    ServerCommand.Create(),
    AgentCommand.Create(),
};

// An ordered stop of the server needs longer than the default two seconds.
var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
try
{
    return await root.Parse(args).InvokeAsync(invocation);
}
catch (Exception failure) when (UserError.Explains(failure))
{
    await Console.Error.WriteLineAsync($"flotilla: {failure.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
