using Flotilla.Linux.Containerd;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Flotilla.Node.Containerd;

/// <summary>Names of images in one namespace of containerd, each of which stands for a manifest or index.</summary>
internal sealed class ImageNames(Images.ImagesClient images, string containerdNamespace)
{
    private readonly Metadata headers = new() { { "containerd-namespace", containerdNamespace } };

    public async Task<BlobDescriptor?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await images.GetAsync(new GetImageRequest { Name = name }, headers, cancellationToken: cancellationToken)).Image.Target;
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    public async Task SetAsync(string name, BlobDescriptor target, CancellationToken cancellationToken)
    {
        var image = new StoredImage { Name = name, Target = target };
        try
        {
            await images.CreateAsync(new CreateImageRequest { Image = image }, headers, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.AlreadyExists)
        {
            var mask = new FieldMask { Paths = { "target" } };
            await images.UpdateAsync(new UpdateImageRequest { Image = image, UpdateMask = mask }, headers, cancellationToken: cancellationToken);
        }
    }

    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await images.DeleteAsync(new DeleteImageRequest { Name = name }, headers, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
        {
            // Removed already.
        }
    }
}
