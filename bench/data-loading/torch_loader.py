"""PyTorch's DataLoader over the same files, with the same transforms: images a second, one JSON line an epoch on standard output.

usage: torch_loader.py <memory|jpeg> <folder> <workers> <epochs> <batch>
"""
import json, os, sys, time
import numpy as np, torch
from torch.utils.data import DataLoader, Dataset

MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1)
STD = torch.tensor([0.2470, 0.2435, 0.2616]).view(3, 1, 1)

def augment(x, padding, cut):
    # torchvision's RandomCrop(padding), RandomHorizontalFlip, Normalize and a cutout, on tensors.
    c, h, w = x.shape
    x = torch.nn.functional.pad(x, (padding,) * 4)
    top, left = torch.randint(0, 2 * padding + 1, (2,)).tolist()
    x = x[:, top:top + h, left:left + w]
    if torch.rand(1) < 0.5: x = x.flip(-1)
    x = (x - MEAN) / STD
    y, z = torch.randint(0, h, (1,)).item() - cut // 2, torch.randint(0, w, (1,)).item() - cut // 2
    x[:, max(0, y):max(0, y + cut), max(0, z):max(0, z + cut)] = 0
    return x

class Memory(Dataset):
    def __init__(self, folder):
        n = os.path.getsize(f'{folder}/labels.bin')
        self.images = torch.from_numpy(np.fromfile(f'{folder}/images.bin', np.uint8).reshape(n, 32, 32, 3)).permute(0, 3, 1, 2)
        self.labels = torch.from_numpy(np.fromfile(f'{folder}/labels.bin', np.uint8)).long()
    def __len__(self): return len(self.labels)
    def __getitem__(self, i): return augment(self.images[i].float().div(255), 4, 8), self.labels[i]

class Jpeg(Dataset):
    def __init__(self, folder):
        self.files = [(os.path.join(folder, c, f), k) for k, c in enumerate(sorted(os.listdir(folder))) for f in sorted(os.listdir(os.path.join(folder, c)))]
    def __len__(self): return len(self.files)
    def __getitem__(self, i):
        from PIL import Image
        path, label = self.files[i]
        x = torch.from_numpy(np.asarray(Image.open(path).convert('RGB')).copy()).permute(2, 0, 1).float().div(255)
        return augment(x, 16, 56), label

if __name__ == '__main__':
    kind, folder, workers, epochs, batch = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    torch.set_num_threads(1)
    loader = DataLoader((Memory if kind == 'memory' else Jpeg)(folder), batch_size=batch, shuffle=True, num_workers=workers, persistent_workers=True, drop_last=False)
    for epoch in range(epochs):
        start = time.perf_counter(); seen = 0
        for images, labels in loader: seen += len(labels)
        print(json.dumps(dict(epoch=epoch, images=seen, seconds=time.perf_counter() - start, shape=list(images.shape), torch=torch.__version__)), flush=True)
