using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Health;

/// <summary>What the checks of a container have found. Written by its one checker.</summary>
internal sealed class HealthState
{
    public const string Starting = "starting";
    public const string Healthy = "healthy";
    public const string Unhealthy = "unhealthy";
    private const int Kept = 5;
    private readonly Lock gate = new();
    private readonly Queue<HealthResult> last = new();

    public string Status { get; private set; } = Starting;

    public int FailingStreak { get; private set; }

    public CancellationTokenSource Ended { get; } = new();

    public Task Running { get; set; } = Task.CompletedTask;

    /// <returns>Whether the status changed.</returns>
    public bool Add(HealthResult result, int retries, bool isStarting)
    {
        lock (gate)
        {
            last.Enqueue(result);
            if (last.Count > Kept)
            {
                last.Dequeue();
            }

            var before = Status;
            if (result.ExitCode == 0)
            {
                (Status, FailingStreak) = (Healthy, 0);
            }
            else if (!(isStarting && Status == Starting))
            {
                FailingStreak++;
                Status = FailingStreak >= retries ? Unhealthy : Status;
            }

            return Status != before;
        }
    }

    public JsonObject View()
    {
        lock (gate)
        {
            return new JsonObject
            {
                ["Status"] = Status,
                ["FailingStreak"] = FailingStreak,
                ["Log"] = WireJson.Array(last.Select(result => new JsonObject
                {
                    ["Start"] = TimeWords.Of(result.Start), ["End"] = TimeWords.Of(result.End), ["ExitCode"] = result.ExitCode, ["Output"] = result.Output,
                })),
            };
        }
    }
}

internal sealed record HealthResult(DateTime Start, DateTime End, int ExitCode, string Output);
