using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Local;
using Flotilla.Scheduler;
using Flotilla.Scheduler.Configuration;
using Flotilla.Server.Http;

namespace Flotilla.Composition;

/// <summary>The scheduler's options from the file that the user named.</summary>
internal static class SchedulerComposition
{
    /// <exception cref="UserError">The file is missing or says something that cannot be.</exception>
    public static SchedulerOptions? OptionsFor(ClusterSettings settings)
    {
        if (settings.SchedulerFile is not { } file)
        {
            return null;
        }

        try
        {
            return SchedulerConfiguration.Read(YamlReader.Parse(File.ReadAllBytes(file)) as JsonObject ?? []);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or GoJsonException or InvalidDataException)
        {
            throw new UserError($"The scheduler's configuration {file} cannot be used: {failure.Message}.");
        }
    }
}
