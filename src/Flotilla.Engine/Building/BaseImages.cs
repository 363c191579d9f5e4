using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Images;
using Flotilla.Engine.Registries;
using Flotilla.Linux.Cri;
using Grpc.Core;

namespace Flotilla.Engine.Building;

/// <summary>Images that a Dockerfile names: those of this machine, else their registry's.</summary>
internal sealed class BaseImages(Runtime runtime, ImageCatalog images, bool pulls, IReadOnlyDictionary<string, RegistryLogin> logins, BuildOutput output)
{
    /// <exception cref="DockerException">It is neither here nor to be had.</exception>
    public async Task<ImageContent> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (!pulls)
        {
            try
            {
                return (await images.FindAsync(name, cancellationToken)).Content;
            }
            catch (DockerException missing) when (missing.Code == 404)
            {
                // Its registry may have it.
            }
        }

        var wanted = ImageReference.Of(ImageCatalog.FullName(name));
        var login = logins.GetValueOrDefault(wanted.Host);
        await output.TextAsync($"Pulling {wanted.Full}\n");
        try
        {
            var auth = login is null ? null : new AuthConfig { Username = login.User, Password = login.Password, IdentityToken = login.IdentityToken };
            await runtime.CriImages.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = wanted.Full }, Auth = auth }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw PullRefusal.Of(wanted, failure, login is not null);
        }

        return (await images.FindAsync(wanted.Full, cancellationToken)).Content;
    }
}
