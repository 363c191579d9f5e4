using Flotilla.Api;
using Flotilla.Node.DynamicResources.Api;
using Grpc.Core;

namespace Flotilla.Node.DynamicResources;

/// <summary>What one driver is asked at once. An answer that leaves a claim out is no answer.</summary>
internal sealed record DriverBatch(string Driver, IReadOnlyList<PreparedClaim> Claims)
{
    public static IEnumerable<DriverBatch> For(IEnumerable<PreparedClaim> claims) =>
        from claim in claims
        from driver in claim.Drivers.Keys
        group claim by driver into batch
        select new DriverBatch(batch.Key, [.. batch]);

    /// <exception cref="DynamicResourceException">Not all of them are prepared.</exception>
    public async Task<IReadOnlyDictionary<ObjectKey, IReadOnlyList<PreparedDevice>>> PrepareAsync(DraDriver driver, CancellationToken cancellationToken)
    {
        const string call = "NodePrepareResources";
        var request = new NodePrepareResourcesRequest { Claims = { Claims.Select(claim => claim.ForDriver()) } };
        var answers = (await AskAsync(call, driver.PrepareAsync(request, cancellationToken))).Claims;
        Check(call, answers, answer => answer.Error);
        return Claims.ToDictionary(claim => claim.Key, claim => (IReadOnlyList<PreparedDevice>)[.. answers[claim.Uid].Devices.Select(PreparedDevice.From)]);
    }

    /// <exception cref="DynamicResourceException">Not all of them are put away.</exception>
    public async Task UnprepareAsync(DraDriver driver, CancellationToken cancellationToken)
    {
        const string call = "NodeUnprepareResources";
        var request = new NodeUnprepareResourcesRequest { Claims = { Claims.Select(claim => claim.ForDriver()) } };
        Check(call, (await AskAsync(call, driver.UnprepareAsync(request, cancellationToken))).Claims, answer => answer.Error);
    }

    private static async Task<TAnswer> AskAsync<TAnswer>(string call, Task<TAnswer> answer)
    {
        try
        {
            return await answer;
        }
        catch (RpcException failure)
        {
            throw new DynamicResourceException($"{call}: rpc error: code = {failure.StatusCode} desc = {failure.Status.Detail}", failure);
        }
    }

    private void Check<TAnswer>(string call, IDictionary<string, TAnswer> answers, Func<TAnswer, string> error)
    {
        foreach (var (uid, answer) in answers)
        {
            var claim = Claims.FirstOrDefault(claim => claim.Uid == uid) ?? throw new DynamicResourceException($"{call} returned result for unknown claim UID {uid}");
            if (error(answer) is { Length: > 0 } fault)
            {
                throw new DynamicResourceException($"{call} failed for ResourceClaim {claim.Name}: {fault}");
            }
        }
        if (Claims.Count > answers.Count)
        {
            throw new DynamicResourceException($"{call} skipped {Claims.Count - answers.Count} ResourceClaims");
        }
    }
}
