namespace Flotilla.Storage.Etcd.Members;

/// <summary>The cluster goes on without this member; its data is of no use any more.</summary>
public sealed class RemovedMemberException(string name)
    : StorageException($"{name} was removed from etcd and its data is out of date; delete it with 'flotilla down --purge' and join as a new server.");
