namespace Flotilla.Client;

internal interface IInformer
{
    Task WaitForSyncAsync(CancellationToken cancellationToken);

    Task RunAsync(CancellationToken cancellationToken);
}
