using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Execs;
using Grpc.Core;

namespace Flotilla.Engine.Health;

/// <summary><c>HEALTHCHECK</c> and <c>--health-*</c>: a command in the container from time to time.</summary>
internal sealed class HealthChecks(ExecRunner runner, EventLog events, TimeProvider time)
{
    private const int MostOutput = 4096;
    private const int TimedOut = -1;
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(30);

    /// <returns>null: it has no check.</returns>
    public HealthState? Begin(Container container)
    {
        if (CommandOf(container.Record) is not { } command)
        {
            return null;
        }

        var state = new HealthState();
        state.Running = RunAsync(container, state, command, state.Ended.Token);
        return state;
    }

    public void End(Container container) => container.Health?.Ended.Cancel();

    private async Task RunAsync(Container container, HealthState state, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var settings = container.Record.Config.Object("Healthcheck")!;
        var retries = settings.Integer("Retries") is > 0 and var given ? (int)given : 3;
        var (interval, startPeriod) = (SpanOf(settings, "Interval", Usual), SpanOf(settings, "StartPeriod", TimeSpan.Zero));
        var startInterval = SpanOf(settings, "StartInterval", TimeSpan.FromSeconds(5));
        try
        {
            while (true)
            {
                var isStarting = time.GetUtcNow().UtcDateTime - container.Record.State.StartedAt < startPeriod;
                await Task.Delay(isStarting && startInterval < interval ? startInterval : interval, time, cancellationToken);
                var result = await CheckAsync(container, command, SpanOf(settings, "Timeout", Usual), cancellationToken);
                if (state.Add(result, retries, isStarting))
                {
                    events.Container(container, "health_status: " + state.Status);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The container has ended.
        }
    }

    private async Task<HealthResult> CheckAsync(Container container, IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = time.GetUtcNow().UtcDateTime;
        try
        {
            var (code, output) = await runner.CaptureAsync(container, command, MostOutput, limit, cancellationToken);
            return new HealthResult(start, time.GetUtcNow().UtcDateTime, code, output);
        }
        catch (TimeoutException)
        {
            return new HealthResult(start, time.GetUtcNow().UtcDateTime, TimedOut, $"Health check exceeded timeout ({limit.TotalSeconds:0.#}s)");
        }
        catch (Exception failure) when (failure is RpcException or IOException or DockerException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new HealthResult(start, time.GetUtcNow().UtcDateTime, TimedOut, failure.Message);
        }
    }

    private static IReadOnlyList<string>? CommandOf(ContainerRecord record)
    {
        var words = (record.Config.Object("Healthcheck").Array("Test") ?? []).Select(word => word.AsString() ?? "").ToList();
        return words switch
        {
            ["CMD", .. var command] when command.Count > 0 => command,
            ["CMD-SHELL", var line, ..] => [.. ShellOf(record), line],
            _ => null,
        };
    }

    private static IEnumerable<string> ShellOf(ContainerRecord record) => record.Words("Shell").ToList() is { Count: > 0 } shell ? shell : ["/bin/sh", "-c"];

    private static TimeSpan SpanOf(JsonObject settings, string name, TimeSpan usual) => settings.Integer(name) is > 0 and var nanoseconds ? TimeSpan.FromTicks(nanoseconds / 100) : usual;
}
