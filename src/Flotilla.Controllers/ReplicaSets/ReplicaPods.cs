using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s;
using k8s.Models;

namespace Flotilla.Controllers.ReplicaSets;

/// <summary>Creates and deletes the pods of one kind of owner, and remembers what has been asked for but not seen yet.</summary>
internal sealed class ReplicaPods(IObjectClient client, EventRecorder events, Expectations expectations)
{
    public async Task<Exception?> CreateAsync<TOwner>(TOwner owner, V1PodTemplateSpec template, int count, CancellationToken cancellationToken)
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        var key = owner.Key();
        expectations.Expect(key, count, []);
        var (created, failure) = await SlowStart.RunAsync(count, async () =>
        {
            try
            {
                var pod = await client.CreateAsync(PodTemplates.NewPod(template, owner), cancellationToken);
                events.Record(owner, "Normal", "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
            }
            catch (ApiException refused) when (!refused.IsNamespaceEnding())
            {
                events.Record(owner, "Warning", "FailedCreate", $"Error creating: {refused.Message}");
                throw;
            }
        });
        expectations.CreationSeen(key, count - created);
        return failure is ApiException ending && ending.IsNamespaceEnding() ? null : failure;
    }

    public async Task<Exception?> DeleteAsync<TOwner>(TOwner owner, IReadOnlyList<V1Pod> surplus, CancellationToken cancellationToken)
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        var key = owner.Key();
        expectations.Expect(key, 0, surplus.Select(pod => pod.Metadata.Uid));
        var failures = await Task.WhenAll(surplus.Select(pod => SlowStart.TryAsync(async () =>
        {
            try
            {
                await client.DeleteAsync<V1Pod>(pod.Key(), null, cancellationToken);
                events.Record(owner, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                expectations.DeletionSeen(key, pod.Metadata.Uid);
            }
            catch (ApiException refused)
            {
                expectations.DeletionSeen(key, pod.Metadata.Uid);
                events.Record(owner, "Warning", "FailedDelete", $"Error deleting: {refused.Message}");
                throw;
            }
        })));
        return failures.FirstOrDefault(failure => failure is not null);
    }
}
