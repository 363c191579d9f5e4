namespace Flotilla.Storage;

internal sealed class PendingWrite(WriteRequest request)
{
    public WriteRequest Request { get; } = request;

    public TaskCompletionSource<WriteResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
