using Grpc.Core;

namespace Flotilla.Storage.Etcd.Members;

/// <summary>What etcd's refusals mean; it tells them apart by words only.</summary>
internal static class EtcdRefusals
{
    public static bool IsNotInSync(StorageException refused) => Says(refused, "in sync with leader");

    public static bool IsNoLearner(StorageException refused) => Says(refused, "can only promote a learner member") && !IsNotInSync(refused);

    public static bool IsOtherLearner(StorageException refused) => Says(refused, "too many learner members");

    public static bool IsUnknownMember(StorageException refused) => Says(refused, "member not found");

    public static bool IsFull(RpcException refused) => refused.Status.Detail.Contains("database space exceeded", StringComparison.Ordinal);

    private static bool Says(StorageException refused, string words) =>
        refused.InnerException is RpcException failure && failure.Status.Detail.Contains(words, StringComparison.Ordinal);
}
