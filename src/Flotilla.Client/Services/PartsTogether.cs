using Microsoft.Extensions.Hosting;

namespace Flotilla.Client.Services;

/// <summary>Several background parts that are one: while they run all of them do.</summary>
public static class PartsTogether
{
    /// <summary>Starts them and returns when all have ended. A fault of one is that of all: afterwards none runs.</summary>
    public static async Task RunTogetherAsync(this IReadOnlyCollection<BackgroundService> parts, CancellationToken stoppingToken)
    {
        try
        {
            foreach (var part in parts)
            {
                await part.StartAsync(stoppingToken);
            }

            await foreach (var ended in Task.WhenEach(parts.Select(part => part.ExecuteTask ?? Task.CompletedTask)))
            {
                await ended;
            }
        }
        finally
        {
            await Task.WhenAll(parts.Select(part => part.StopAsync(CancellationToken.None)));
        }
    }
}
