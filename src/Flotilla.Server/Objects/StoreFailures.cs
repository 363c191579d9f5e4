using System.Runtime.CompilerServices;
using Flotilla.Api;
using Flotilla.Server.Http;
using Flotilla.Storage;

namespace Flotilla.Server.Objects;

/// <summary>What the store could not do, as clients hear it: those inside the process like those on the wire.</summary>
internal static class StoreFailures
{
    public static ApiException ToApi(StorageException failure) =>
        failure is OutOfSpaceException ? Failures.OutOfSpace(failure.Message) : Failures.Unavailable($"the cluster's store failed: {failure.Message}");

    public static async Task<T> TellAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (StorageException failure)
        {
            throw ToApi(failure);
        }
    }

    public static async IAsyncEnumerable<T> TellAsync<T>(IAsyncEnumerable<T> changes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var enumerator = changes.GetAsyncEnumerator(cancellationToken);
        while (await TellAsync(() => enumerator.MoveNextAsync().AsTask()))
        {
            yield return enumerator.Current;
        }
    }
}
