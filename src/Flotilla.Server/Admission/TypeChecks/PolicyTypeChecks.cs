using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Admission.TypeChecks;

/// <summary>Writes what the type check found into the status of each validating policy, whenever its spec changes. One loop.</summary>
internal sealed partial class PolicyTypeChecks(ObjectStore objects, KindRegistry kinds, TimeProvider time, ILogger<PolicyTypeChecks> logger) : BackgroundService
{
    private static readonly Kind Kind = AdmissionKinds.ValidatingPolicy;
    private static readonly WriteOptions Writing = new("kube-controller-manager");
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is ApiException or StorageException or CompactedException)
            {
                Log.Failed(logger, error);
                await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var list = await objects.Store.ListAsync(Kind.StoragePrefix, null, 0, null, cancellationToken);
        foreach (var entry in list.Entries)
        {
            await CheckAsync(StoredObject.Decode(entry.Value, entry.Modified), cancellationToken);
        }

        await foreach (var changes in objects.Store.WatchAsync(Kind.StoragePrefix, list.Revision, cancellationToken))
        {
            foreach (var change in changes)
            {
                if (change.Value is { } value)
                {
                    await CheckAsync(StoredObject.Decode(value, change.Revision), cancellationToken);
                }
            }
        }
    }

    private async Task CheckAsync(JsonObject policy, CancellationToken cancellationToken)
    {
        var metadata = policy.Object("metadata");
        if (policy.Object("status").Integer("observedGeneration") == metadata.Integer("generation"))
        {
            return;
        }

        try
        {
            await objects.ChangeAsync(Kind, new ObjectKey(null, metadata.String("name")!), Subresource.StatusName, Writing, Checked, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound || gone.IsConflict)
        {
            // The change that came in between is on its way here.
            Log.Raced(logger, gone.Message);
        }

        JsonObject Checked(JsonObject current)
        {
            var status = current.Child("status");
            foreach (var (name, value) in PolicyTypeCheck.Status(current, kinds))
            {
                status[name] = value?.DeepClone();
            }

            return current;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Policies could not be type-checked; trying again")]
        public static partial void Failed(ILogger logger, Exception error);

        [LoggerMessage(Level = LogLevel.Debug, Message = "A policy changed while it was type-checked: {Message}")]
        public static partial void Raced(ILogger logger, string message);
    }
}
