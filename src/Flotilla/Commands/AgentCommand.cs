using System.CommandLine;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;
using Microsoft.Extensions.Logging;

namespace Flotilla.Commands;

/// <summary>This machine as a node of a cluster whose server is elsewhere, in the foreground.</summary>
internal static class AgentCommand
{
    private static readonly TimeSpan ShortestLifetime = TimeSpan.FromMinutes(10);

    private static readonly Option<string?> Server = new("--server") { Description = "A server of the cluster, like https://10.0.0.1:6443; needed to join." };
    private static readonly Option<string?> Token = new("--token") { Description = "The token that 'flotilla token create' printed ($FLOTILLA_TOKEN); needed to join." };
    private static readonly Option<TimeSpan?> Lifetime = Durations.Option("--certificate-lifetime", "For how long this node's certificates are asked for (24h).");
    private static readonly Option<TimeSpan?> Renewal = Durations.Option("--renew-certificates-after", "The age at which they are renewed (six tenths of their lifetime).");
    private static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Log what usually goes without saying." };

    public static Command Create()
    {
        var command = new Command(ServerProcess.AgentName, "Join a cluster with this machine, or continue as its node.") { Server, Token, Lifetime, Renewal, Verbose };
        var flags = ClusterFlags.Node(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(
            Read(flags.Read(parsed), parsed), parsed.GetValue(Token) ?? Environment.GetEnvironmentVariable(AgentSettings.TokenVariable), parsed.GetValue(Verbose) ? LogLevel.Debug : LogLevel.Information, cancellationToken));
        return command;
    }

    private static ClusterSettings Read(ClusterSettings known, ParseResult flags)
    {
        if (known is { Exists: true, Agent: null })
        {
            throw new UserError($"{known.DataDirectory} belongs to a server; choose another with --data-dir, or end that with 'flotilla down --purge'.");
        }

        var server = flags.GetValue(Server) is { } text ? ServerUrl.Parse("--server", text) : known.Agent?.Server
            ?? throw new UserError("Which cluster? Join with: flotilla agent --server URL --token TOKEN (a server prints both with 'flotilla token create').");
        var lifetime = flags.GetValue(Lifetime) ?? known.Agent?.CertificateLifetime ?? new AgentSettings { Server = server }.CertificateLifetime;
        return lifetime >= ShortestLifetime
            ? known with { Agent = new AgentSettings { Server = server, CertificateLifetime = lifetime, RenewCertificatesAfter = flags.GetValue(Renewal) ?? known.Agent?.RenewCertificatesAfter } }
            : throw new UserError($"--certificate-lifetime must be {ShortestLifetime.TotalMinutes:0}m at least.");
    }

    private static void CheckAlone(ClusterSettings settings)
    {
        if (new ServerProcess(settings).Find() is { } other && other != Environment.ProcessId)
        {
            throw new UserError($"The agent of {settings.DataDirectory} runs already (process {other}); end that first: its containers go on, and this one takes them over.");
        }
    }

    private static async Task<int> RunAsync(ClusterSettings settings, string? token, LogLevel level, CancellationToken cancellationToken)
    {
        var progress = new StartupProgress(settings.ProgressFile);
        try
        {
            settings.Validate();
            Preflight.CheckPrivilege("flotilla agent");
            CheckAlone(settings);
            var join = token is null ? null : JoinToken.Parse(token) ?? throw new UserError(TokenCommand.NoToken);
            using var dataLock = DataLock.Take(settings);
            Preflight.Check(settings);
            await MachineClaim.TakeAsync(settings, cancellationToken);
            settings.Save();
            progress.Clear();
            using var loggers = Loggers.Create(level);
            await using var agent = new Agent(settings, progress, TimeProvider.System, loggers);
            await agent.RunAsync(join, cancellationToken);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception failure) when (Environment.IsPrivilegedProcess)
        {
            progress.Fail(failure.Message);
            throw;
        }
    }
}
